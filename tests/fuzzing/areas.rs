//! Whatever is read besides plans is answered: real records, notes, outputs and settings are the seeds, here and of the
//! fuzz targets, and so is what those targets found.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use git_enact::attempt::prompt::{RESEARCH, TEMPLATE};
use git_enact::plan::{Selection, Task, load};

use super::{Chance, changed, entries, keep};
use crate::support::anything::id::is_ref;
use crate::support::anything::{AREAS, HEAD, answer};
use crate::support::scenario::{BACK, Journey, PEOPLE, Scenario, WORK};
use crate::support::user::User;

/// What a terminal obeys, what hides, what only looks so.
const HOSTILE: &str = "plain\ttext\n\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31mred\u{1b}[0m\r\nx\u{8}y\u{7f} \u{202e}evil\u{2066}\
    \u{200b}\u{feff} é 日本 👩\u{200d}💻 ✅\u{fe0f} \u{e0041}\u{85}\u{2028}end\n";

/// The seeds of an area.
fn seeds(area: &str) -> Vec<Vec<u8>> {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    let mut seeds: Vec<Vec<u8>> = match area {
        "checkpoint" => of_runs(checkpoints),
        "claim" => outputs(),
        "id" => [
            texts(&IDS),
            of_plans(|task| vec![task.id.as_str().to_owned()]),
        ]
        .concat(),
        "note" => of_runs(notes),
        "record" => of_runs(messages),
        "scope" => [texts(&SCOPES), declared()].concat(),
        "secret" => texts(&SECRETS),
        "settings" => settings(),
        "shown" => [texts(&[HOSTILE, "", "\u{1b}", " x "]), outputs()].concat(),
        "span" => texts(&SPANS),
        "template" => [texts(&[TEMPLATE, RESEARCH]), texts(&TEMPLATES)].concat(),
        other => unreachable!("`{other}` has no seeds"),
    };
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/found");
    let mut found = entries(&found.join(area));
    found.sort();
    seeds.extend(
        found
            .iter()
            .map(|path| fs::read(path).expect("it is a file")),
    );
    seeds
}

const IDS: [&str; 3] = [
    "1\n1.1\n1.2\nIMPL-1.1\nT001\n5a\nF001:1.1\nlogin\nLogin2\na_b\na-b\na.b\nnul\ncom1.x\nx.lock",
    "a\nA-\na.\na..b\n-a\na/b\na b\nÄ\nä\nЗадача\n任务1\nadmіn\n\u{200b}x\nconsole\nprn\ntask\n!\n?",
    "demo-k3f9\na-2\na\nA\na-2-2\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\
     bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.lock",
];

const SCOPES: [&str; 5] = [
    "=== one\nsrc/*.rs\ntests/\ndocs/**/*.md\n=== two\nsrc/a.rs\n./a.{txt,md}\n=== changed\nsrc/a.rs\na.md\ndocs/a/b.md\n",
    "=== one\nsrc/[a-c]?.rs\n**\n{a,b}/{c,d}/*\nsrc\\a.rs:10-20\n=== two\nsrc/[!x]*\n=== changed\nsrc/ab.rs\na/c/x\n",
    "=== one\n/etc/passwd\na/../b\n.git/config\nC:/x\n~/x\n\n=== two\na:1:2\nx/.GIT/y\n=== changed\na\n\n",
    "=== one\n*a*b\n**/x/**\na\n=== two\na/**\n***\n[\n=== changed\naab\na/x/b\na\n",
    "=== one\n*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b\n=== two\n**/a*/**/*a/**/a?/**/x\n\
     === changed\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x\naa/aa/aa/aa/aa/aa/aa/aa/aa/y\n",
];

const SECRETS: [&str; 3] = [
    "=== secrets\nhunter2hunter2\nhunter2hunter2-and-more\nquote\"d \\ one\n=== text\nkey hunter2hunter2!\n\
     hunter2hunter2-and-more, {\"a\": \"quote\\\"d \\\\ one\"}\nt=ghp_0123456789abcdefghij.\n",
    "=== secrets\naaaaaaaa\naaaaaaaaaa\nredacted\n[redacted]\n=== text\naaaaaaaaaaaaaaaaaaa redacted [redacted]\n",
    "=== secrets\nBearer abc\nuser:passw\n=== text\nAuthorization: Bearer abcdefghijklmnopq\n\
     https://user:passw@host/x\n-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----\n",
];

const SPANS: [&str; 11] = [
    "90s",
    "10m",
    "1h 30m",
    "3m12s",
    "250ms",
    "1.5h",
    "1d",
    "PT1H2M",
    "1 hour and 2 minutes",
    "8784h",
    "59.96s",
];

const TEMPLATES: [&str; 4] = [
    "{{ task.title }}{% for one in verify %}- {{ one }}\n{% endfor %}{# note #}{{ attempt + 1 }}",
    "{% macro m(x) %}{{ x|upper }}{% endmacro %}{{ m(task.id) }}{% set y = 'a' ~ 'b' %}{{ y[0:1] }}{{ [1,2]|join('-') }}",
    "{% for a in range(9) %}{% if loop.first %}{{ a }}{% else %}{{ a * 2 }}{% endif %}{% endfor %}{{ missing }}",
    "{% if session is defined and session %}{{ session.id }}{% endif %}{{ \"x\" * 20 }}{% filter upper %}a{% endfilter %}",
];

/// What programs left, each as what it printed and some as what it left in files.
fn outputs() -> Vec<Vec<u8>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/executors");
    let mut files: Vec<PathBuf> = entries(&fixtures)
        .iter()
        .flat_map(|dir| entries(dir))
        .collect();
    files.sort();
    let read = files
        .iter()
        .map(|file| fs::read(file).expect("it is a file"));
    let mut seeds: Vec<Vec<u8>> = read.collect();
    let last = seeds[0].clone();
    seeds.push([format!("{HEAD}answer\n").as_bytes(), &last].concat());
    let forms = [
        "=== result\n{\"status\": \"KICKBACK\", \"signal\": \"needs_split\", \"suggested_split\": [{\"name\": \"a\", \
         \"description\": \"b\"}, 7, null]}\n=== printed\nhunter2hunter2\n",
        "working\n{\"steps\": [{\"status\": \"done\"}], \"status\": \"partial\", \"notes\": [1, \"x\"]}\n",
        "**Status:** failed\n- **Reason:** no `db`\nLast completed: Step 3\n\nFAILED\n",
        "COMPLETE\ncommit: 1f2a91c.\n",
        "error: \u{1b}[31mno such file\u{1b}[0m hunter2hunter2\r\n",
    ];
    seeds.extend(forms.iter().map(|form| form.as_bytes().to_vec()));
    seeds
}

/// What the README shows as settings, and one of each kind.
fn settings() -> Vec<Vec<u8>> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).expect("it is there");
    let blocks = readme.split("```toml\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    let own = "executor = \"claude\"\njobs = 4\ntimeout = \"10m\"\nstall_timeout = \"5m\"\ngrace = \"2s\"\nretries = 2\n\
        scope = \"enforce\"\nreview = \"task\"\nsandbox = \"landlock\"\nsandbox_write = [\"~/.cache\"]\nverify = [\"cargo test\"]\n\
        final_verify = [\"true\"]\npass_env = [\"X\"]\nskills = [\"a\"]\nsummary_tokens = 4000\n[limits]\nattempts = 9\ntime = \"8h\"\n\
        tokens = 1000000\ncost = 2.5\n[checks]\nlint = \"cargo clippy\"\n[hooks]\npre-task = \"true\"\n[agents]\nrust = [\"cargo\"]\n\
        [routes]\n\"kind:design\" = \"codex\"\n\"*\" = \"own\"\n[retry]\nexecutor = \"claude\"\nafter = 1\n\
        [executors.own]\ncommand = [\"sh\", \"-c\", \"true\"]\nenv = { A = \"b\" }\n";
    let wrong = "jobs = 0\ntimout = \"1m\"\nverify = \"cargo test\"\n[limits]\ncost = inf\n[executors]\nshell = {}\n";
    let texts = blocks.chain([own, wrong, "", "jobs = \n", "[[x]]\n"]);
    texts.map(|text| text.as_bytes().to_vec()).collect()
}

/// Something of each task of each plan among the fixtures, one a line.
fn of_plans(what: impl Fn(&Task) -> Vec<String>) -> Vec<Vec<u8>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans");
    let mut cases: Vec<PathBuf> = entries(&fixtures)
        .iter()
        .flat_map(|dir| entries(dir))
        .collect();
    cases.sort();
    let loaded = cases
        .into_iter()
        .filter_map(|case| load(&[case], &Selection::default()).ok());
    let texts = loaded.map(|loaded| {
        let lines: Vec<String> = loaded.plan.tasks.iter().flat_map(&what).collect();
        lines.join("\n").into_bytes()
    });
    let mut texts: Vec<Vec<u8>> = texts.filter(|text| !text.is_empty()).collect();
    texts.sort();
    texts.dedup();
    texts
}

/// What the fixtures' tasks declare, as if two of them did and then changed all of it.
fn declared() -> Vec<Vec<u8>> {
    let files = of_plans(|task| task.files.clone());
    let of = |files: &Vec<u8>| {
        let files = String::from_utf8_lossy(files);
        format!("{HEAD}one\n{files}\n{HEAD}two\n{files}\n{HEAD}changed\n{files}\n").into_bytes()
    };
    files.iter().map(of).collect()
}

/// What `of` finds in the repositories of real runs with nearly every kind of event.
fn of_runs(of: fn(&User) -> Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    const RUNS: [&Scenario; 3] = [&WORK, &PEOPLE, &BACK];
    static JOURNEYS: std::sync::OnceLock<Vec<Journey>> = std::sync::OnceLock::new();
    let journeys = JOURNEYS.get_or_init(|| {
        let journeys = RUNS.iter().map(|scenario| {
            let mut journey = Journey::new(scenario, &[]);
            journey.go_on();
            journey
        });
        journeys.collect()
    });
    journeys
        .iter()
        .flat_map(|journey| of(&journey.user))
        .collect()
}

/// The names of a run's checkpoints, oldest first.
fn names(user: &User) -> Vec<String> {
    let args = [
        "rev-list",
        "--first-parent",
        "--reverse",
        "refs/enact/runs/r-test",
    ];
    let listed = user.git(args).success().stdout;
    // Below the first event lies the plan.
    listed.lines().skip(1).map(str::to_owned).collect()
}

fn message(user: &User, name: &str) -> String {
    user.git(["show", "--no-patch", "--format=%B", name])
        .success()
        .stdout
}

fn messages(user: &User) -> Vec<Vec<u8>> {
    let names = names(user);
    names
        .iter()
        .map(|name| message(user, name).into_bytes())
        .collect()
}

fn notes(user: &User) -> Vec<Vec<u8>> {
    let listed = user
        .git(["notes", "--ref=PROGRESS", "list"])
        .success()
        .stdout;
    let blobs = listed.lines().filter_map(|line| line.split(' ').next());
    let notes: Vec<String> = blobs
        .map(|blob| user.git(["cat-file", "blob", blob]).success().stdout)
        .collect();
    // As the run of the assertions would have written it, beside another.
    let ours = notes
        .iter()
        .map(|note| note.replace("r-test", "add-auth-k3f9"));
    let both = notes.iter().map(|note| {
        let ours = note.replace("r-test", "add-auth-k3f9");
        format!("a person's words\n\n{note}\n{ours}\nand below\nStatus: of theirs\n")
    });
    ours.chain(both).map(String::into_bytes).collect()
}

/// Each sixth checkpoint with all that it holds, and the few before it that are read after its snapshot.
fn checkpoints(user: &User) -> Vec<Vec<u8>> {
    let names = names(user);
    let ends = (1..=names.len()).filter(|end| end % 6 == 0 || *end == names.len());
    ends.map(|end| packed(user, &names[..end])).collect()
}

fn packed(user: &User, names: &[String]) -> Vec<u8> {
    let tip = names.last().expect("a checkpoint");
    let listed = user
        .git(["ls-tree", "-r", "--name-only", tip, "plan", "state"])
        .success()
        .stdout;
    let mut packed = String::new();
    // Deeper than that nothing is read.
    for path in listed.lines().filter(|path| path.matches('/').count() == 1) {
        packed += &format!("{HEAD}{path}\n{}\n", user.at(tip, path));
    }
    let is_stored = listed.contains("state/");
    let since = if is_stored {
        names.len().saturating_sub(16)
    } else {
        0
    };
    for name in &names[since..] {
        packed += &format!("{HEAD}message\n{}\n", message(user, name));
    }
    packed.into_bytes()
}

/// A seed that was changed as a text, and now and then a byte of it.
fn broken(seed: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = changed(&String::from_utf8_lossy(seed), chance).into_bytes();
    if !bytes.is_empty() && chance.below(3) == 0 {
        let at = chance.below(bytes.len());
        bytes[at] = chance.below(256) as u8;
    }
    bytes
}

/// How often each seed is changed: a few times, or as often as `ENACT_CHANGES` says.
fn changes() -> usize {
    let told = std::env::var("ENACT_CHANGES").ok();
    told.map_or(4, |told| told.parse().expect("a number"))
}

/// Whether an area is asked about: each, or the one that `ENACT_AREA` names.
fn is_wanted(area: &str) -> bool {
    std::env::var("ENACT_AREA").map_or(true, |wanted| wanted == area)
}

#[test]
fn every_seed_of_an_area_is_answered_however_it_is_changed() {
    for (area, _) in AREAS.into_iter().filter(|(area, _)| is_wanted(area)) {
        let mut chance = Chance(0x2545_f491_4f6c_dd1d);
        let seeds = seeds(area);
        assert!(!seeds.is_empty(), "`{area}` has seeds");
        for seed in seeds {
            keep(area, &seed);
            answer(area, &seed);
            for _ in 0..changes() {
                answer(area, &broken(&seed, &mut chance));
            }
        }
    }
}

/// The largest input that is asked about.
const LARGE: usize = 64 << 10;

#[test]
fn large_inputs_are_answered_in_time() {
    const UNITS: [&str; 16] = [
        "[",
        "{",
        "{\"a\":",
        "[[a]]\n",
        "a.",
        "{{",
        "{% if a %}",
        "(",
        "*a",
        "**/",
        "{a,b}",
        "a\n",
        "\"",
        "\u{1b}[",
        "ghp_",
        "Run: ",
    ];
    for (area, _) in AREAS {
        for unit in UNITS {
            answer(area, unit.repeat(LARGE / unit.len()).as_bytes());
        }
        for seed in seeds(area)
            .iter()
            .filter(|seed| !seed.is_empty())
            .step_by(3)
        {
            let mut large = seed.repeat(LARGE / seed.len() + 1);
            large.truncate(LARGE);
            answer(area, &large);
        }
    }
}

#[test]
fn a_ref_is_what_git_takes_for_one() {
    let mut names: Vec<String> = IDS
        .iter()
        .flat_map(|ids| ids.lines())
        .map(|id| format!("refs/heads/enact/r/task/{id}"))
        .collect();
    names.extend(
        [
            "a",
            "a/",
            "/a",
            "a//b",
            "a/.b",
            "a/b.",
            "a/b@{",
            "a/@",
            "a/b.lock/c",
            "a/\u{7f}",
        ]
        .map(str::to_owned),
    );
    for name in names {
        let told = Command::new("git")
            .args(["check-ref-format", &name])
            .stderr(Stdio::null())
            .status()
            .expect("git can be started");
        assert_eq!(is_ref(&name), told.success(), "{name:?}");
    }
}
