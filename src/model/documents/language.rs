//! The languages of documents and questions: how they are written down, which text search configuration PostgreSQL has
//! for them, and which one a text is in.

use serde::{Deserialize, Serialize};

/// Tells whether a language puts spaces between its words.
const SPACES: bool = true;
const NO_SPACES: bool = false;

macro_rules! languages {
    ($($name:ident, $code:literal, $english:literal, $config:literal, $spaces:ident;)*) => {
        /// Those that PostgreSQL 16 has a text search configuration for, and others that people write in.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Language {
            $(#[serde(rename = $code)] $name,)*
        }

        impl Language {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The primary language subtag of BCP 47, as it is stored; `und` for [`Language::Other`].
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Its English name, in lower case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $english,)* }
            }

            /// PostgreSQL's configuration; `simple` where it has none.
            pub const fn text_search_config(self) -> &'static str {
                match self { $(Self::$name => $config,)* }
            }

            /// Where not, `to_tsvector` finds no words and `model::lexemes` does.
            pub const fn has_spaces(self) -> bool {
                match self { $(Self::$name => $spaces,)* }
            }
        }
    };
}

languages! {
    Arabic, "ar", "arabic", "arabic", SPACES;
    Armenian, "hy", "armenian", "armenian", SPACES;
    Basque, "eu", "basque", "basque", SPACES;
    Catalan, "ca", "catalan", "catalan", SPACES;
    Danish, "da", "danish", "danish", SPACES;
    Dutch, "nl", "dutch", "dutch", SPACES;
    English, "en", "english", "english", SPACES;
    Finnish, "fi", "finnish", "finnish", SPACES;
    French, "fr", "french", "french", SPACES;
    German, "de", "german", "german", SPACES;
    Greek, "el", "greek", "greek", SPACES;
    Hindi, "hi", "hindi", "hindi", SPACES;
    Hungarian, "hu", "hungarian", "hungarian", SPACES;
    Indonesian, "id", "indonesian", "indonesian", SPACES;
    Irish, "ga", "irish", "irish", SPACES;
    Italian, "it", "italian", "italian", SPACES;
    Lithuanian, "lt", "lithuanian", "lithuanian", SPACES;
    Nepali, "ne", "nepali", "nepali", SPACES;
    Norwegian, "no", "norwegian", "norwegian", SPACES;
    Portuguese, "pt", "portuguese", "portuguese", SPACES;
    Romanian, "ro", "romanian", "romanian", SPACES;
    Russian, "ru", "russian", "russian", SPACES;
    Serbian, "sr", "serbian", "serbian", SPACES;
    Spanish, "es", "spanish", "spanish", SPACES;
    Swedish, "sv", "swedish", "swedish", SPACES;
    Tamil, "ta", "tamil", "tamil", SPACES;
    Turkish, "tr", "turkish", "turkish", SPACES;
    Yiddish, "yi", "yiddish", "yiddish", SPACES;
    Chinese, "zh", "chinese", "simple", NO_SPACES;
    Japanese, "ja", "japanese", "simple", NO_SPACES;
    Korean, "ko", "korean", "simple", SPACES;
    Polish, "pl", "polish", "simple", SPACES;
    Thai, "th", "thai", "simple", NO_SPACES;
    Ukrainian, "uk", "ukrainian", "simple", SPACES;
    Vietnamese, "vi", "vietnamese", "simple", SPACES;
    Other, "und", "other", "simple", SPACES;
}

impl Language {
    /// What the text looks like; `None` when it has no two letters. Reliable from a few words on.
    pub fn detect(text: &str) -> Option<Self> {
        super::detect::detect(text)
    }

    /// [`Self::detect`] of a question. Of one or two words in plain letters it is anybody's guess: they are names, codes and
    /// settings as often as not.
    pub fn of_question(text: &str) -> Option<Self> {
        let told = !text.is_ascii() || text.split_whitespace().nth(2).is_some();
        Self::detect(text).filter(|_| told)
    }

    /// Reads `de`, `de-AT`, `pt_BR` and `German`. `None` for what is none of [`Language::ALL`].
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let primary = text.split(['-', '_']).next().unwrap_or_default();
        // Bokmål and Nynorsk are Norwegian to PostgreSQL, and old programs write `in`.
        let primary = match primary {
            "nb" | "nn" => "no",
            "in" => "id",
            other => other,
        };
        Self::ALL.iter().copied().find(|language| language.code() == primary || language.name() == text)
    }
}
