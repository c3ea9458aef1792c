//! What fuzzing begins with, apart from files that are there: put into the target's corpus before that is read.

#![allow(dead_code, reason = "each target uses its own")]

use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The data of the examples, as it comes where the attributes are headers.
pub fn decoder() {
    let examples = Path::new(ROOT).join("../config/contract/examples");
    for entry in fs::read_dir(examples).expect("the examples are there") {
        let path = entry.expect("an entry can be read").path();
        let text = fs::read(&path).expect("an example can be read");
        let example: serde_json::Value = serde_json::from_slice(&text).expect("an example is JSON");
        let data = example.get("body").unwrap_or(&example["data"]).to_string();
        seed("decoder", &format!("data-of-{}", path.file_name().unwrap_or_default().display()), data.as_bytes());
    }
}

/// A checkpoint as a file, and those of its sections that have something in them.
pub fn checkpoint(whole: &[u8], sections: &[Vec<u8>], file: u8) {
    seed("checkpoint", "file", &[&[file], whole].concat());
    for (index, section) in (0..file).zip(sections).filter(|(_, section)| section.len() > 4) {
        seed("checkpoint", &format!("section-{index}"), &[&[index], section.as_slice()].concat());
    }
}

fn seed(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(ROOT).join("corpus").join(target);
    fs::create_dir_all(&folder).expect("the corpus can be made");
    fs::write(folder.join(name), bytes).expect("a seed can be written");
}
