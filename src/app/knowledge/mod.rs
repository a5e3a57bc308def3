//! What the workspace knows: documents are added, read in the background, searched and answered from. What a document's
//! audience leaves out does not exist for a role: no result, count, statistic or error tells of it.

pub mod find;
