//! The texts of the report, in both languages. `{}` is a place that [`fill`](crate::render::words::fill) fills. Words for verdicts, causes, reasons
//! and indicators are those of the status page.

mod chapters;
mod declare;
mod method;
mod opening;

pub(super) use chapters::Chapters;
pub(super) use method::{FORMULAS, Formula, Method, SOURCES};
pub(super) use opening::{Opening, SENTENCES};

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts that are the same word in both languages.
    const SHARED: [&str; 5] = ["brand", "p_value", "root", "interval", "word_conflict"];

    #[test]
    fn both_languages_say_everything_with_the_same_places_and_in_words_of_their_own() {
        let texts = [Opening::ALL, Chapters::ALL, Method::ALL].concat();
        for (name, english, dutch) in texts {
            assert!(!english.is_empty() && !dutch.is_empty(), "{name}");
            assert_eq!(english.matches("{}").count(), dutch.matches("{}").count(), "{name}");
            assert!(english != dutch || SHARED.contains(&name), "{name} reads the same in both languages: {english}");
        }
        let formulas = FORMULAS.iter().map(|formula| [formula.english, formula.dutch]);
        let sentences = SENTENCES.iter().map(|(_, english, dutch)| [[*english; 2], [*dutch; 2]]);
        for [english, dutch] in formulas.chain(sentences) {
            assert!(
                english.iter().zip(dutch).all(|(english, dutch)| !english.is_empty() && *english != dutch),
                "{english:?}"
            );
            assert_eq!(english[1].matches("{}").count(), dutch[1].matches("{}").count(), "{english:?}");
        }
    }

    #[test]
    fn no_text_says_that_a_profile_is_fair() {
        for (name, english, dutch) in [Opening::ALL, Chapters::ALL, Method::ALL].concat() {
            for claim in ["is fair", "is eerlijk", "no discrimination", "geen discriminatie", "compliant"] {
                assert!(!english.contains(claim) && !dutch.contains(claim), "{name} says {claim:?}");
            }
        }
    }
}
