//! The shape of the whole: folders, the list of layers, the settings' keys and the documents agree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use portcullis::{Layer, Policy};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn rooms() -> Vec<(String, PathBuf)> {
    let mut rooms = Vec::new();
    for stage in ["arrival", "caller", "content", "departure", "record"] {
        let folder = root().join("crates/portcullis/src/layers").join(stage);
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                rooms.push((entry.file_name().into_string().unwrap(), entry.path()));
            }
        }
    }
    rooms
}

#[test]
fn every_layer_has_a_room_and_every_room_a_layer() {
    let folders: BTreeSet<String> = rooms().into_iter().map(|(name, _)| name).collect();
    let layers: BTreeSet<String> = Layer::ALL.iter().map(|layer| layer.name().to_owned()).collect();
    assert_eq!(folders, layers);
}

#[test]
fn every_room_is_furnished_alike() {
    for (name, room) in rooms() {
        for file in ["mod.rs", "config.rs"] {
            assert!(room.join(file).is_file(), "the room `{name}` has no {file}");
        }
        let tested = room.join("tests.rs").is_file() || room.join("tests").is_dir();
        assert!(tested, "the room `{name}` has no tests");
        let about = std::fs::read_to_string(room.join("mod.rs")).unwrap();
        assert!(about.starts_with("//!"), "the room `{name}` does not say what it is for");
        assert!(
            about.lines().take_while(|line| line.starts_with("//!")).count() > 5,
            "the room `{name}` says too little"
        );
    }
}

#[test]
fn every_layer_has_a_table_in_the_policy_for_the_site_and_for_a_route() {
    let schema = Policy::schema();
    let site = schema.pointer("/properties").unwrap();
    let route = schema.pointer("/$defs/Route/properties").unwrap();
    for layer in Layer::ALL {
        assert!(site.get(layer.name()).is_some(), "no table for {}", layer.name());
        assert!(route.get(layer.name()).is_some(), "no table by route for {}", layer.name());
    }
}

#[test]
fn every_mode_of_every_layer_is_read_by_the_policy() {
    for layer in Layer::ALL {
        // The log denies nothing that could be observed instead.
        let modes: &[&str] =
            if layer == Layer::Event { &["enforce", "off"] } else { &["enforce", "observe", "off"] };
        for mode in modes {
            let text = format!("[{}]\nmode = \"{mode}\"\n", layer.name());
            let (policy, _) = Policy::parse("p", &text).unwrap();
            assert_eq!(format!("{:?}", policy.site().mode(layer)).to_lowercase(), *mode);
        }
    }
}

#[test]
fn the_documents_name_every_layer() {
    for document in ["ARCHITECTURE.md", "SECURITY.md"] {
        let text = read(document);
        for layer in Layer::ALL {
            assert!(text.contains(layer.name()), "{document} does not mention {}", layer.name());
        }
    }
}

#[test]
fn every_file_that_the_architecture_names_exists() {
    let text = read("ARCHITECTURE.md");
    for word in text.split('`').skip(1).step_by(2) {
        let looks_like_a_path =
            word.contains('/') && !word.contains([' ', '<', '←', ':']) && !word.starts_with("/.");
        if !looks_like_a_path {
            continue;
        }
        let tries = [
            "",
            "crates/",
            "crates/portcullis/src/",
            "crates/portcullis-gateway/src/",
            "crates/portcullis-identity/src/",
        ];
        assert!(tries.iter().any(|base| root().join(base).join(word).exists()), "`{word}` is not there");
    }
}

#[test]
fn tests_that_are_told_to_show_a_requirement_exist() {
    let mut sources = String::new();
    for folder in ["crates", "tests"] {
        collect(&root().join(folder), &mut sources);
    }
    let page = read("docs/asvs.md");
    let named: BTreeSet<&str> =
        page.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() > 2).collect();
    assert!(named.len() > 50, "the page names only {} tests", named.len());
    for name in named {
        assert!(sources.contains(&format!("fn {name}(")), "`docs/asvs.md` names `{name}`, which is no test");
    }
    // Those in a browser are called by a sentence.
    let mut browser = String::new();
    for entry in std::fs::read_dir(root().join("tests/browser")).unwrap().flatten() {
        if entry.file_name().to_string_lossy().ends_with(".test.mjs") {
            browser.push_str(&std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    let sentences = page.split('`').skip(1).step_by(2).filter(|name| name.matches(' ').count() > 4);
    for name in sentences {
        assert!(
            browser.contains(&format!("test(\"{name}\"")),
            "`docs/asvs.md` names `{name}`, which is no test"
        );
    }
}

/// The text of every Rust source below `folder`.
fn collect(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with(".cache") {
            collect(&path, sources);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            sources.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
