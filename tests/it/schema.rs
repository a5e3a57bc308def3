//! The migrated database against its contracts.

use crate::{
    contract::{keys, states},
    support::database::Database,
};

#[tokio::test]
async fn the_database_keeps_its_contracts() {
    let database = Database::create().await;
    let mut superuser = database.superuser().await;
    keys::check(&mut superuser).await;
    states::check(&mut superuser).await;
    states::check_plans(&mut superuser).await;
    drop(superuser);
    database.close().await;
}
