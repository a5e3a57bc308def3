//! Find passages of the documents.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        App,
        ctx::Ctx,
        knowledge::{
            find::{Findings, Wanted, find_at},
            standing::{Standing, as_role, standing},
            view::ResultView,
        },
        use_case::{Effect, Scope, Seek, Seekingly, Sought, UseCase},
    },
    error::{Error, Result},
    model::{
        documents::Language,
        knowledge::SearchMode,
        roles::{Permission, Role},
    },
};

/// Characters of a question.
const QUERY_MOST: usize = 2000;
const K_MOST: u32 = 20;
const K_DEFAULT: u32 = 5;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnowledgeSearch {
    /// A question or words, in any language.
    #[schemars(length(min = 1, max = 2000))]
    pub query: String,
    /// Most results, 1 to 20. Default 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub k: Option<u32>,
    /// Only documents of this category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Only documents in this language, such as en.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Only results with at least this score, 0 to 1: how likely it is that they answer the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_score: Option<f32>,
    /// Search as this role would: your own or a lesser one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_role: Option<Role>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KnowledgeFound {
    /// Best first.
    pub results: Vec<ResultView>,
    /// Milliseconds.
    pub query_time: f64,
    pub total_results: usize,
    pub mode: SearchMode,
    /// What to know of how it was searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl UseCase for KnowledgeSearch {
    type Input = Self;
    type Output = KnowledgeFound;
    type Form = Seekingly;
    const NAME: &'static str = "knowledge_search";
    const NEEDS: Permission = Permission::ReadKnowledge;
    const EFFECT: Effect = Effect::Read;
}

impl Seek for KnowledgeSearch {
    type Plan = (Wanted, Standing, f32);

    async fn look(scope: &mut Scope<'_>, input: Self) -> Result<Sought<KnowledgeFound, Self::Plan>> {
        let least = input.min_score.unwrap_or(0.0);
        if !(0.0..=1.0).contains(&least) {
            return Err(Error::invalid("min_score_invalid", "min_score is a number from 0 to 1.")
                .field("min_score", "from 0 to 1; 0.5 leaves out what more likely does not answer"));
        }
        let k = input.k.unwrap_or(K_DEFAULT);
        if !(1..=K_MOST).contains(&k) {
            return Err(Error::invalid("k_invalid", format!("k is a number from 1 to {K_MOST}."))
                .field("k", format!("from 1 to {K_MOST}")));
        }
        let wanted = Wanted {
            query: checked(&input.query)?,
            k: k as usize,
            category: input.category,
            language: input.language.as_deref().map(language).transpose()?,
            role: Some(as_role(scope.role(), input.user_role)?),
            without: Vec::new(),
        };
        let standing = standing(scope.tx, scope.ctx, scope.role(), &wanted).await?;
        Ok(Sought::Seek((wanted, standing, least)))
    }

    async fn seek(app: &App, ctx: &Ctx, (wanted, standing, least): Self::Plan) -> Result<KnowledgeFound> {
        let began = std::time::Instant::now();
        let found = find_at(app, ctx, standing, &wanted).await?;
        Ok(shown(&found, least, began.elapsed()))
    }
}

fn shown(found: &Findings, least: f32, took: Duration) -> KnowledgeFound {
    let results: Vec<ResultView> = found.hits.iter().filter(|hit| hit.score >= least).map(ResultView::from).collect();
    KnowledgeFound {
        total_results: results.len(),
        results,
        query_time: (took.as_secs_f64() * 1_000_000.0).round() / 1000.0,
        mode: found.mode,
        note: found.note.clone(),
    }
}

/// A question that can be searched for: visible, of bounded length, without what databases refuse.
pub fn checked(query: &str) -> Result<String> {
    let query: String = query.chars().filter(|c| !c.is_control() || c.is_whitespace()).collect();
    let query = query.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = query.chars().count();
    if query.chars().any(char::is_alphanumeric) && count <= QUERY_MOST {
        return Ok(query);
    }
    Err(Error::invalid("query_invalid", format!("A question has 1 to {QUERY_MOST} characters, letters among them."))
        .next("Ask in a sentence or with a few words.")
        .field("query", format!("1 to {QUERY_MOST} characters")))
}

/// The tag as it is stored.
pub fn language(text: &str) -> Result<String> {
    Language::parse(text).map(|language| language.code().to_owned()).ok_or_else(|| {
        Error::invalid("language_unknown", "This language is not known here.")
            .next("Use a tag such as en, de, es, fr, pt, ru, tr, zh or ja.")
            .field("language", "a BCP 47 tag such as en")
    })
}
