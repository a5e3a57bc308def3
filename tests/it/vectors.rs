//! Other people's conformance vectors, where the folder is that has them.

use allin::model::x;

/// The conformance vectors of twitter-text, where `ALLIN_VENDOR_SCHEMAS` names the folder that has them.
#[test]
fn the_vendors_own_vectors_pass() {
    let Some(folder) = std::env::var_os("ALLIN_VENDOR_SCHEMAS") else {
        println!("0 vectors checked: ALLIN_VENDOR_SCHEMAS is not set");
        return;
    };
    let path = std::path::Path::new(&folder).join("twitter-text/validate.yml");
    let checked = vendor_vectors(&std::fs::read_to_string(path).unwrap());
    println!("{checked} vectors checked");
    assert_eq!(checked, 44);
}

/// Reads what the file has of YAML: sections by name, `text: "…"` with JSON's escapes, `weightedLength: n`.
fn vendor_vectors(file: &str) -> usize {
    let (mut section, mut text, mut checked) = (String::new(), String::new(), 0);
    for line in file.lines() {
        let bare = line.trim();
        if line.starts_with("  ") && !line.starts_with("   ") && bare.ends_with(':') {
            section = bare.trim_end_matches(':').to_owned();
        } else if let Some(quoted) = bare.strip_prefix("text: ") {
            text = unquoted(quoted);
        } else if let Some(length) = bare.strip_prefix("weightedLength: ") {
            let discounted = section != "WeightedTweetsCounterTest";
            assert_eq!(x::weigh(&text, discounted), length.parse::<usize>().unwrap(), "{section}: {text}");
            checked += 1;
        }
    }
    checked
}

/// A YAML scalar; in double quotes with escapes of up to eight hexadecimal digits.
fn unquoted(scalar: &str) -> String {
    let Some(body) = scalar.strip_prefix('"').and_then(|body| body.strip_suffix('"')) else {
        return scalar.trim_matches('\'').to_owned();
    };
    let mut out = String::new();
    let mut rest = body.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let digits = match rest.next().unwrap() {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'n' => {
                out.push('\n');
                continue;
            }
            other => {
                out.push(other);
                continue;
            }
        };
        let code: String = rest.by_ref().take(digits).collect();
        out.push(char::from_u32(u32::from_str_radix(&code, 16).unwrap()).unwrap());
    }
    out
}
