use super::*;

fn numbers(text: &str) -> Vec<&'static str> {
    let (policy, written) = Policy::parse("test", text).unwrap();
    advise(&policy, &written, text).iter().map(|advice| advice.number).collect()
}

fn one(text: &str, number: &str) -> Advice {
    let (policy, written) = Policy::parse("test", text).unwrap();
    let list = advise(&policy, &written, text);
    list.into_iter()
        .find(|advice| advice.number == number)
        .unwrap_or_else(|| panic!("no {number} for {text}"))
}

#[test]
fn the_table_in_the_docs_is_the_table_in_the_code() {
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/advice.md")).unwrap();
    let rows: Vec<[&str; 3]> = docs
        .lines()
        .filter(|line| line.starts_with("| P"))
        .map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            [cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap()]
        })
        .collect();
    let table: Vec<[&str; 3]> =
        TABLE.iter().map(|(number, level, title)| [*number, level.name(), *title]).collect();
    assert_eq!(rows, table);
}

#[test]
fn every_number_is_given_by_some_policy() {
    let policies = [
        "[csrf]\nmode = \"off\"\n",
        "[csrf]\nmode = \"observe\"\n",
        "[[route]]\npath = \"/a\"\n[route.leak]\nmode = \"off\"\n",
        "[[route]]\npath = \"/a\"\n[route.leak]\nmode = \"observe\"\n",
        "[event]\ndangerous_keep_secrets = true\n",
        "[listen]\ndangerous_plain = \"0.0.0.0:80\"\n",
        "[listen]\ndangerous_plain = \"127.0.0.1:8080\"\n",
        "[listen]\nhttps = \"[::]:443\"\n",
        "[transport]\nhsts = false\n",
        "",
        "[transport]\nhsts_include_subdomains = true\n",
        "upstream = \"http://10.0.0.7:5000\"\n",
        "upstream = \"http://10.0.0.7:5000\"\n[identity]\n",
        "[client]\ntrusted_proxies = [\"0.0.0.0/1\", \"10.0.0.0/7\"]\n",
        "[client]\nproxy_hops = 1\n",
        "[headers.csp_report_only]\ndefault-src = \"'self'\"\n",
        "[headers]\ncsp_learn = true\n",
        "[headers.csp]\nscript-src = [\"'unsafe-inline'\"]\n",
        "[headers]\nreferrer_policy = \"unsafe-url\"\n",
        "[limits]\njson_depth = 100000\n",
        "[[route]]\npath = \"/hook\"\n[route.csrf]\nmode = \"off\"\n",
        "[csrf]\ntrusted_origins = [\"https://*.example.com\"]\n",
    ];
    let mut given: Vec<&str> = policies.iter().flat_map(|policy| numbers(policy)).collect();
    given.sort_unstable();
    given.dedup();
    let all: Vec<&str> = TABLE.iter().map(|(number, ..)| *number).collect();
    assert_eq!(given, all);
}

#[test]
fn the_default_policy_has_steps_to_take_but_nothing_weak() {
    let (policy, written) = Policy::parse("test", "").unwrap();
    assert!(advise(&policy, &written, "").iter().all(|advice| advice.level == Level::Info));
}

#[test]
fn a_good_policy_needs_no_advice() {
    let good = "upstream = \"http://127.0.0.1:5000\"\n[listen]\nhttps = \"0.0.0.0:443\"\nhttp = \"0.0.0.0:80\"\n\
                [[tls.certificate]]\nchain = \"a\"\nkey = \"b\"\n[host]\nnames = [\"example.com\"]\n\
                [transport]\nhsts_include_subdomains = true\nhsts_preload = true\n\
                [cookies]\nhost_prefix = [\"session\"]\n\
                [headers.csp]\ndefault-src = \"'none'\"\nscript-src = [\"'nonce'\", \"'strict-dynamic'\"]\nbase-uri = \"'none'\"\n";
    assert_eq!(numbers(good), Vec::<&str>::new());
}

#[test]
fn the_gravest_comes_first() {
    let text = "[client]\ntrusted_proxies = [\"2000::/3\"]\n[csrf]\nmode = \"observe\"\n";
    let (policy, written) = Policy::parse("test", text).unwrap();
    let levels: Vec<Level> = advise(&policy, &written, text).iter().map(|advice| advice.level).collect();
    assert!(levels.is_sorted_by(|left, right| left >= right));
    assert_eq!(levels.first(), Some(&Level::Danger));
}

#[test]
fn a_dangerous_knob_is_told_with_what_the_schema_says_wherever_it_stands() {
    let advice = one("[event]\ndangerous_keep_secrets = true\n", "P005");
    assert_eq!(advice.key, "event.dangerous_keep_secrets");
    assert!(advice.sentence.contains("whoever reads the log can then act for your visitors"));
    let advice = one("[[route]]\npath = \"/a\"\n[route.headers]\nframes = \"dangerous_anybody\"\n", "P005");
    assert_eq!(advice.key, "route[0].headers.frames");
    assert!(advice.sentence.contains("catch clicks"), "{}", advice.sentence);
    assert!(!numbers("[event]\ndangerous_keep_secrets = false\n").contains(&"P005"));
}

#[test]
fn csrf_that_is_off_on_a_route_names_the_route() {
    let advice = one("[[route]]\npath = \"/hook\"\n[route.csrf]\nmode = \"off\"\n", "P041");
    assert_eq!(advice.key, "route[0].csrf.mode");
    assert!(advice.sentence.contains("/hook"));
}

#[test]
fn every_advice_reads_as_a_sentence_with_a_fix() {
    let text = "[client]\ntrusted_proxies = [\"2000::/3\"]\n[headers.csp]\nimg-src = \"*\"\n[listen]\nhttps = \"0.0.0.0:1\"\n";
    let (policy, written) = Policy::parse("test", text).unwrap();
    for advice in advise(&policy, &written, text) {
        assert!(
            !advice.sentence.ends_with('.') && !advice.fix.is_empty() && !advice.key.is_empty(),
            "{advice:?}"
        );
    }
}
