//! The series.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        series::{SeriesView, views},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    model::roles::Permission,
    store::series,
};

/// Most series in one answer.
const MOST: i64 = 100;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesList {
    /// Those that were ended, too.
    #[serde(default)]
    pub ended: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AllSeries {
    /// Newest first.
    pub series: Vec<SeriesView>,
    /// Whether there are more than 100.
    pub truncated: bool,
}

impl UseCase for SeriesList {
    type Input = Self;
    type Output = AllSeries;
    type Form = Locally;
    const NAME: &'static str = "series_list";
    const NEEDS: Permission = Permission::SchedulePosts;
    const EFFECT: Effect = Effect::Read;
}

impl Local for SeriesList {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<AllSeries> {
        let mut found = series::list(scope.tx, scope.ctx.workspace, input.ended, MOST + 1).await?;
        let most = usize::try_from(MOST).unwrap_or(usize::MAX);
        let truncated = found.len() > most;
        found.truncate(most);
        Ok(AllSeries { series: views(scope, found).await?, truncated })
    }
}
