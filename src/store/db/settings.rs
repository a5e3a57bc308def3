//! How the database treats what this program's connections ask.

/// Statements are planned once a connection: planning the list of posts anew takes longer than running it. What is
/// better planned for its arguments says so (`posts::list_by_age`). Compiling plans never pays for reads this short.
///
/// A process that is frozen inside a transaction (a stopped process, a suspended machine) would keep its locks as long
/// as it sleeps, and nobody could take its work over. Transactions are short: ten seconds without a statement is that.
///
/// Plans do not know how large the tenant is and take it for one of mean size: beside a tenant with 100,000 vectors, one with 10,000
/// was searched by reading all 110,000 (a thousand searches at once took 60 s instead of 17). Every statement is for one tenant or for what is due, and has
/// an index for that, so whole tables are read only where nothing else is possible. One statement at a time may have a second
/// process: under load starting them costs more than they bring.
///
/// The index of vectors looks at 200 candidates and goes on while rows are left out for role or workspace: with its defaults it
/// finds 80 % of what is nearest among 100,000, with these 97 % (measured with 20 tenants).
pub(super) const SETTINGS: &str = "set plan_cache_mode = force_generic_plan; set jit = off; set enable_seqscan = off; set max_parallel_workers = 1; \
                        set idle_in_transaction_session_timeout = '10s'; \
                        set hnsw.ef_search = 200; set hnsw.iterative_scan = relaxed_order";
