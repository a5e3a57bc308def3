//! Writes the dictionary of mistyped words as two sorted lists. As the table that its crate is, it would take ten megabytes
//! of every process that links it, because a table of pointers is adjusted when a program starts; a list is read where it is
//! looked at.

use std::{collections::BTreeSet, env, error::Error, fs, path::Path};

#[expect(clippy::disallowed_methods, reason = "a build script is told its folder so")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut mistyped = BTreeSet::new();
    let mut words = BTreeSet::new();
    for (word, meant) in &typos_dict::WORD.map {
        let plain = |word: &&str| word.chars().all(char::is_alphabetic);
        let meant: Vec<&str> = meant.iter().copied().filter(plain).collect();
        words.extend(meant.iter().map(|word| word.to_lowercase()));
        if !meant.is_empty() {
            mistyped.insert(format!("{} {}\n", word.into_inner().to_lowercase(), meant.join(" ")));
        }
    }
    let words: String = words.into_iter().map(|word| format!("{word}\n")).collect();
    let folder = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&folder).join("mistyped.txt"), mistyped.into_iter().collect::<String>())?;
    fs::write(Path::new(&folder).join("words.txt"), words)?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
