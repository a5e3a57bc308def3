//! The few words that stand around an answer, in the language of whoever asks. What is quoted stays as it is.

/// What is said beside an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// Before what is quoted.
    Quoted,
    /// Nothing was found.
    Unknown,
    /// A person will answer.
    Asked,
}

/// Language, and a sentence for each frame.
const FRAMES: &[(&str, [&str; 3])] = &[
    ("ar", ["من المستندات:", "لا تجيب المستندات عن هذا السؤال.", "تم توجيه السؤال إلى شخص."]),
    ("de", ["Aus den Dokumenten:", "Die Dokumente beantworten das nicht.", "Ein Mensch wurde gefragt."]),
    ("en", ["From the documents:", "The documents do not answer this.", "A person has been asked."]),
    ("es", ["De los documentos:", "Los documentos no responden a esto.", "Se ha preguntado a una persona."]),
    (
        "fr",
        [
            "D’après les documents :",
            "Les documents ne répondent pas à cette question.",
            "La question a été transmise à une personne.",
        ],
    ),
    ("hi", ["दस्तावेज़ों से:", "दस्तावेज़ों में इसका उत्तर नहीं है।", "एक व्यक्ति से पूछा गया है।"]),
    ("it", ["Dai documenti:", "I documenti non rispondono a questa domanda.", "È stato chiesto a una persona."]),
    ("ja", ["ドキュメントより：", "ドキュメントには答えがありません。", "担当者に問い合わせました。"]),
    ("nl", ["Uit de documenten:", "De documenten geven hierop geen antwoord.", "Er is een persoon gevraagd."]),
    ("pt", ["Dos documentos:", "Os documentos não respondem a isto.", "Uma pessoa foi consultada."]),
    ("ru", ["Из документов:", "В документах нет ответа на этот вопрос.", "Вопрос передан человеку."]),
    ("tr", ["Belgelerden:", "Belgeler bunu yanıtlamıyor.", "Bir kişiye soruldu."]),
    ("vi", ["Từ tài liệu:", "Tài liệu không trả lời câu hỏi này.", "Đã hỏi một người phụ trách."]),
    ("zh", ["来自文档：", "文档没有回答这个问题。", "已询问工作人员。"]),
];

/// In a language by its code; in English where there are no words for it.
pub fn framed(language: &str, frame: Frame) -> &'static str {
    let own = FRAMES.iter().find(|(code, _)| *code == language);
    let [quoted, unknown, asked] = own.map_or(
        ["From the documents:", "The documents do not answer this.", "A person has been asked."],
        |(_, words)| *words,
    );
    match frame {
        Frame::Quoted => quoted,
        Frame::Unknown => unknown,
        Frame::Asked => asked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_all_frames() {
        assert!(FRAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (code, words) in FRAMES {
            assert!(words.iter().all(|words| !words.is_empty()), "{code}");
            assert_eq!(framed(code, Frame::Unknown), words[1]);
        }
        assert_eq!(framed("und", Frame::Asked), "A person has been asked.");
    }
}
