//! Files that want to do harm: each is refused in words or read within bounds, and the others of its batch are read all the same.

use std::{
    io::{Cursor, Write as _},
    time::{Duration, Instant},
};

use futures::future::join_all;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{file, parse, parser};

/// The child's own bounds are 20 s of processor time and 30 s in all.
const LONGEST: Duration = Duration::from_secs(32);

/// A file, and the code of its refusal; `None` where it may be read.
type Hostile = (&'static str, Vec<u8>, Option<&'static str>);

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in parts {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn docx(document: &[u8]) -> Vec<u8> {
    zipped(&[
        ("[Content_Types].xml", br#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#),
        ("_rels/.rels", br#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#),
        ("word/document.xml", document),
    ])
}

fn body(inner: &str) -> Vec<u8> {
    let head = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    format!("<?xml version=\"1.0\"?><w:document xmlns:w=\"{head}\"><w:body>{inner}</w:body></w:document>").into_bytes()
}

/// A PDF of these objects, from number 1; the first is its catalog.
fn pdf(objects: &[&str]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut table = String::new();
    for (number, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", out.len()));
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", number + 1).bytes());
    }
    let (at, size) = (out.len(), objects.len() + 1);
    let end = format!(
        "xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n"
    );
    out.extend(end.bytes());
    out
}

fn stream(dictionary: &str, content: &str) -> String {
    format!("<<{dictionary}/Length {}>>\nstream\n{content}\nendstream", content.len())
}

fn pdfs() -> Vec<Hostile> {
    let catalog = "<</Type/Catalog/Pages 2 0 R>>";
    let form = stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 5 0 R>>>>", "/F Do");
    let drawn = pdf(&[
        catalog,
        "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 600 800]>>",
        "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>",
        &stream("", "/F Do"),
        &form,
    ]);
    let kids = pdf(&[
        catalog,
        "<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2>>",
        "<</Type/Pages/Kids[2 0 R]/Parent 3 0 R/Count 1>>",
    ]);
    let parent = pdf(&[
        catalog,
        "<</Type/Pages/Kids[3 0 R]/Count 1/Parent 2 0 R>>",
        "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>",
        &stream("", "BT ET"),
    ]);
    let nested = pdf(&[catalog, &format!("<</Type/Pages/Kids {}1{}>>", "[".repeat(50_000), "]".repeat(50_000))]);
    let broken = Some("document_broken");
    vec![
        ("a form that draws itself.pdf", drawn, Some("document_too_complex")),
        ("a tree of pages that is a circle.pdf", kids, broken),
        ("a page that is its own parent.pdf", parent, Some("document_too_complex")),
        ("lists in lists.pdf", nested, broken),
        ("2 GB of spaces.pdf", file("flate-bomb.pdf"), Some("document_too_complex")),
        ("a million objects.pdf", file("object-bomb.pdf"), Some("document_too_complex")),
        ("a head and nothing else.pdf", b"%PDF-1.7\n".to_vec(), broken),
        ("half.pdf", file("handbook.pdf")[..9000].to_vec(), broken),
        ("a password.pdf", file("encrypted.pdf"), Some("document_encrypted")),
        (
            "no text.pdf",
            pdf(&[
                catalog,
                "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 9 9]>>",
                "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>",
                &stream("", "0 0 9 9 re f"),
            ]),
            Some("document_empty"),
        ),
    ]
}

fn docxs() -> Vec<Hostile> {
    let (broken, complex) = (Some("document_broken"), Some("document_too_complex"));
    let entities = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>";
    let billion = String::from_utf8(body("<w:p><w:r><w:t>&c;</w:t></w:r></w:p>"))
        .unwrap()
        .replace("<w:document", &format!("{entities}<w:document"));
    let quadratic = format!("<!DOCTYPE x [<!ENTITY a \"{}\">]>", "a".repeat(100_000));
    let quadratic = String::from_utf8(body(&"&a;".repeat(50_000)))
        .unwrap()
        .replace("<w:document", &format!("{quadratic}<w:document"));
    let bomb = docx(&body(&format!("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", " ".repeat(300_000_000))));
    let nested = format!("{}{}", "<w:tbl><w:tr><w:tc>".repeat(100_000), "</w:tc></w:tr></w:tbl>".repeat(100_000));
    let inner = zipped(&[("word/document.xml", &bomb)]);
    let mut cut = file("letter.docx");
    cut.truncate(20_000);
    vec![
        ("300 MB of spaces.docx", bomb, complex),
        ("archives in archives.docx", zipped(&[("word/a.zip", &inner)]), broken),
        ("a billion laughs.docx", docx(billion.as_bytes()), broken),
        ("a quadratic entity.docx", docx(quadratic.as_bytes()), broken),
        ("tables in tables.docx", docx(&body(&nested)), complex),
        ("half.docx", cut, Some("document_kind_unknown")),
        ("a password.docx", file("encrypted.docx"), Some("document_encrypted")),
        ("a workbook.docx", zipped(&[("xl/workbook.xml", b"<x/>")]), Some("document_kind_unknown")),
        ("no text.docx", docx(&body("<w:p/>")), Some("document_empty")),
    ]
}

fn texts() -> Vec<Hostile> {
    let (empty, encoding) = (Some("document_empty"), Some("document_encoding"));
    let (complex, unknown) = (Some("document_too_complex"), Some("document_kind_unknown"));
    let html = |inner: String| format!("<html><body>{inner}</body></html>").into_bytes();
    let formats: String = (0..3000).map(|n| format!("<p><b id={n}>a")).collect();
    vec![
        ("huge.md", b"a ".repeat(13 * 1024 * 1024), Some("document_too_large")),
        ("100k divs.html", html("<div>".repeat(100_000)), complex),
        ("100k bold.html", html(format!("{}a", "<b>".repeat(100_000))), complex),
        ("formats that reopen.html", html(formats), complex),
        ("100k lists.html", html(format!("{}a", "<ul><li>".repeat(100_000))), complex),
        (
            "100k attributes.html",
            html(format!("<p {}>a</p>", (0..100_000).map(|n| format!("a{n}=1 ")).collect::<String>())),
            complex,
        ),
        ("100k neighbours.html", html("<i>a</i>".repeat(100_000)), None),
        ("100k quotations.md", format!("{}a", ">".repeat(100_000)).into_bytes(), None),
        ("100k brackets.md", format!("{}a", "[".repeat(100_000)).into_bytes(), None),
        ("100k hidden.md", "a <b hidden>".repeat(100_000).into_bytes(), None),
        ("a bad byte.txt", b"caf\xe9".to_vec(), encoding),
        ("a lone surrogate.txt", b"a\xed\xa0\x80b".to_vec(), encoding),
        ("a lone surrogate in UTF-16.txt", b"\xff\xfea\0\x00\xd8b\0".to_vec(), encoding),
        ("half a character.txt", b"\xff\xfea".to_vec(), encoding),
        ("UTF-16 without a mark.txt", b"a\0b\0c\0d\0".to_vec(), unknown),
        ("nothing but NUL.txt", vec![0; 1000], unknown),
        ("nothing.md", Vec::new(), empty),
        ("blank.md", b" \n\t\r\n\xc2\xa0\xe3\x80\x80".to_vec(), empty),
        ("a head only.md", b"---\ntitle: x\n---\n".to_vec(), empty),
        ("hidden only.html", html("<p hidden>text</p>".into()), empty),
        ("nobody.md", b"---\naudience: [everybody]\n---\ntext".to_vec(), Some("document_audience")),
        ("an image.pdf", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), unknown),
        ("a program.txt", b"MZ\x90\0\x03\0\0\0\x04".to_vec(), unknown),
        ("a program.md", b"\x7fELF\x02\x01\x01\0".to_vec(), unknown),
        ("an old document.doc", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), vec![0; 4000]].concat(), unknown),
    ]
}

/// How each ended, and after how long.
async fn all_end_well(files: Vec<Hostile>) -> String {
    let mut told = String::new();
    for (name, bytes, code) in files {
        let begun = Instant::now();
        let result = parse(bytes, name).await;
        let took = begun.elapsed();
        let found = result.as_ref().err().map(|error| error.code());
        told.push_str(&format!("{name}: {} in {took:.1?}\n", found.unwrap_or("read")));
        assert_eq!(found, code, "{name}: {result:?}");
        assert!(took < LONGEST, "{name} took {took:?}");
        if let Err(error) = result {
            let public = error.public();
            assert!(!public.next_step.contains("Correct the input"), "{name} has no next step of its own");
            assert!(!public.message.contains("alloc") && public.message.len() < 200, "{}", public.message);
        }
    }
    told
}

#[tokio::test]
async fn pdfs_end_well() {
    println!("{}", all_end_well(pdfs()).await);
}

#[tokio::test]
async fn docxs_end_well() {
    println!("{}", all_end_well(docxs()).await);
}

#[tokio::test]
async fn texts_end_well() {
    println!("{}", all_end_well(texts()).await);
}

/// Two at a time; one that ends badly takes no other with it.
#[tokio::test]
async fn six_hostile_files_leave_the_other_six() {
    let good = ["guide.md", "page.html", "rules.txt", "handbook.pdf", "letter.docx", "sealed.pdf"];
    let bad = ["flate-bomb.pdf", "object-bomb.pdf", "encrypted.pdf", "encrypted.docx"];
    let mut files: Vec<(String, Vec<u8>)> =
        bad.iter().zip(good).flat_map(|(bad, good)| [bad, good]).map(|name| (name.to_owned(), file(name))).collect();
    files.extend([
        ("deep.html".to_owned(), b"<html><div>".repeat(50_000)),
        ("image.md".to_owned(), b"\x89PNG\r\n\x1a\n".to_vec()),
    ]);
    files.extend(good[4..].iter().map(|name| ((*name).to_owned(), file(name))));
    let parser = parser();
    let read = join_all(files.into_iter().map(|(name, bytes)| {
        let parser = parser.clone();
        async move { (name.clone(), parser.parse(bytes, &name, None).await.is_ok()) }
    }));
    let mut ok: Vec<_> = read.await.into_iter().filter(|(_, ok)| *ok).map(|(name, _)| name).collect();
    ok.sort();
    let mut expected = good.map(str::to_owned);
    expected.sort();
    assert_eq!(ok, expected);
}

/// Long and harmless: the time that a document of 2 MB of plain text takes.
#[tokio::test]
async fn two_megabytes_of_text_take_seconds() {
    let text: String = (0..34_000).map(|n| format!("Sentence {n} says that nobody reads so many of them.\n")).collect();
    let text = format!("{text}{}", "word ".repeat(40_000));
    assert!(text.len() > 1_900_000);
    let begun = Instant::now();
    let read = parse(text, "long.txt").await.unwrap();
    println!("{} chunks in {:?}", read.chunks.len(), begun.elapsed());
    assert!(read.chunks.len() > 500);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
