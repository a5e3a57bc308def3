//! multilingual-e5-small with 4-bit weights, in pure Rust: tokenizer, windows and the forward pass. Knows nothing of the product.
