use super::*;

fn faults(text: &str) -> String {
    Policy::parse("portcullis.toml", text).unwrap_err().to_string()
}

#[test]
fn one_line_is_a_whole_policy() {
    let (policy, file) = Policy::parse("portcullis.toml", "upstream = \"http://127.0.0.1:5000\"\n").unwrap();
    assert!(file.upstream.is_some());
    assert_eq!(policy.site().mode(Layer::Csrf), Mode::Enforce);
}

#[test]
fn an_unknown_key_names_its_line_and_what_was_meant() {
    let told = faults("upstream = \"http://127.0.0.1:5000\"\n\n[csrf]\nmoed = \"off\"\n");
    assert!(told.contains("portcullis.toml:4:1: unknown key `moed`"), "{told}");
    assert!(told.contains("did you mean `mode`?"), "{told}");
}

#[test]
fn an_unknown_key_within_a_route_is_found_too() {
    let told = faults("[[route]]\npath = \"/a\"\n[route.crsf]\nmode = \"off\"\n");
    assert!(told.contains(":3:"), "{told}");
    assert!(told.contains("did you mean `csrf`?"), "{told}");
}

#[test]
fn a_route_that_can_never_match_is_an_error() {
    let told = faults("[[route]]\npath = \"/*\"\n[[route]]\npath = \"/api/*\"\n");
    assert!(told.contains("portcullis.toml:4:8: this route can never match"), "{told}");
}

#[test]
fn all_faults_are_told_at_once() {
    let told = faults("upstream = \"ftp://x\"\n[listen]\nhttps = \"nowhere\"\nthreads = 0\n");
    assert_eq!(told.lines().count(), 3, "{told}");
}

#[test]
fn an_unknown_key_does_not_hide_what_else_is_wrong() {
    let told = faults("upstrem = \"http://a\"\n[csrf]\nlifetime = \"3 s\"\n[[route]]\npath = \"hooks/*\"\n");
    for line in ["toml:1:1: unknown key `upstrem`", "toml:3:12: ", "toml:5:8: "] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let mistyped = faults("moed = 1\n[limits]\nheaders = \"many\"\n");
    assert!(mistyped.contains("`moed`"), "{mistyped}");
}

#[test]
fn a_route_is_laid_over_the_site() {
    let text = "[csrf]\nmode = \"observe\"\n[[route]]\npath = \"/hook\"\nmethods = [\"post\"]\n[route.csrf]\nmode = \"off\"\n";
    let (policy, _) = Policy::parse("p", text).unwrap();
    assert_eq!(policy.rules(&http::Method::POST, "/hook").mode(Layer::Csrf), Mode::Off);
    assert_eq!(policy.rules(&http::Method::GET, "/hook").mode(Layer::Csrf), Mode::Observe);
    assert_eq!(policy.rules(&http::Method::POST, "/other").mode(Layer::Csrf), Mode::Observe);
}

#[test]
fn a_fault_of_the_site_is_not_told_again_for_each_route() {
    let told = faults("[limits]\nbody = 0\n[[route]]\npath = \"/a\"\n[[route]]\npath = \"/b\"\n");
    assert_eq!(told.lines().count(), 1, "{told}");
    let told = faults("[[route]]\npath = \"/a\"\n[route.limits]\nbody = 0\n");
    assert!(told.contains(":4:8:"), "{told}");
}

#[test]
fn what_only_the_site_can_set_is_an_error_in_a_route() {
    let told = faults("[[route]]\npath = \"/a\"\n[route.framing]\nheader_line = \"1 KiB\"\n");
    assert!(told.contains(":4:15:") && told.contains("only be set for the site"), "{told}");
}
