//! Known programs: what the real ones printed (`fixtures/executors/`) is read as it was meant, and a run
//! with one of them goes as its answer, its errors and its limits say.

use git_enact::attempt::{claim, profile, reading};
use git_enact::run::evidence::{Claim, ClaimForm, ClaimStatus, Limit, Outcome, Usage};
use git_enact::run::reader::Source;
use serde_json::Value;

use crate::support::user::{Output, User};

/// 2026-01-01T00:00:00Z
const NOW: i64 = 1_767_225_600;

fn fixture(path: &str) -> String {
    let dir = env!("CARGO_MANIFEST_DIR");
    let path = format!("{dir}/fixtures/executors/{path}.txt");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What the reader of a profile finds in what its program left when it ended with `exit`.
fn read(path: &str, exit: i32) -> (Claim, Usage) {
    let (program, _) = path.split_once('/').expect("program and scenario");
    let (left, reader) = (fixture(path), &profile::all()[program].reader);
    // What stands in an answer file is printed nowhere.
    let (printed, file) = match reader.source {
        Source::Output => (left.as_str(), ""),
        Source::AnswerFile => ("", left.as_str()),
    };
    let outcome = Outcome::Exited(exit);
    let found = reading::read(reader, printed.as_bytes(), file.as_bytes(), outcome, NOW);
    let claim = claim::read(
        None,
        &found,
        printed.as_bytes(),
        outcome,
        &Default::default(),
    );
    (claim, found.usage)
}

#[test]
fn the_answer_of_a_real_program_is_its_claim() {
    for (path, commit) in [
        ("claude/done", true),
        ("codex/done-uncommitted", false),
        ("gemini/done-uncommitted", false),
        ("opencode/done", true),
        ("aider/done", false),
        ("mini-swe-agent/done", true),
    ] {
        let (claim, usage) = read(path, 0);
        assert_eq!(
            (claim.status, claim.form),
            (ClaimStatus::Done, ClaimForm::Json),
            "{path}: {claim:?}"
        );
        assert_eq!(claim.files_changed, ["hello.txt"], "{path}");
        assert_eq!(claim.notes, "hello is in hello.txt", "{path}");
        assert_eq!(claim.commit.is_some(), commit, "{path}");
        assert_eq!(usage.limit, None, "{path}");
    }
    for program in profile::all().keys() {
        let (claim, _) = read(&format!("{program}/kickback"), 0);
        assert_eq!(claim.status, ClaimStatus::Kickback, "{program}");
        assert_eq!(claim.reason, "the plan does not say in which language");
        assert_eq!(claim.recommendation, "name one", "{program}");
    }
    let (claim, _) = read("claude/text", 0);
    assert_eq!(
        (claim.status, claim.form),
        (ClaimStatus::Done, ClaimForm::Text)
    );
    let (claim, _) = read("claude/no-permission", 0);
    assert_eq!(
        (claim.status, claim.commit),
        (ClaimStatus::Done, None),
        "git will say more"
    );
}

#[test]
fn an_error_of_the_models_api_is_a_failure_with_the_words_of_the_program() {
    for (path, exit, words) in [
        (
            "claude/refused-key",
            1,
            "Invalid API key · Fix external API key",
        ),
        (
            "claude/server-error",
            1,
            "API Error: 500 Internal server error",
        ),
        ("codex/refused-key", 1, "unexpected status 401 Unauthorized"),
        ("gemini/refused-key", 145, r#"{"error":{"code":401,"#),
        ("opencode/refused-key", 1, "Incorrect API key provided"),
        ("aider/refused-key", 0, "litellm.AuthenticationError: "),
        (
            "mini-swe-agent/refused-key",
            1,
            "litellm.AuthenticationError: ",
        ),
    ] {
        for exit in [exit, 0] {
            let (claim, usage) = read(path, exit);
            assert_eq!(
                (claim.status, claim.form, usage.limit),
                (ClaimStatus::Failed, ClaimForm::Reported, None),
                "{path} with exit {exit}"
            );
            assert!(claim.reason.starts_with(words), "{path}: {}", claim.reason);
        }
    }
}

#[test]
fn a_limit_of_the_service_is_told_from_one_of_the_attempt() {
    for path in [
        "claude/rate-limit",
        "claude/overloaded",
        "codex/rate-limit",
        "codex/server-error",
        "gemini/rate-limit",
        "opencode/rate-limit",
        "aider/rate-limit",
    ] {
        for exit in [1, 0] {
            let (claim, usage) = read(path, exit);
            assert_eq!(
                (claim.status, usage.limit),
                (ClaimStatus::RateLimited, Some(Limit::Rate)),
                "{path} with exit {exit}: {}",
                claim.reason
            );
        }
    }
    for (path, limit) in [
        ("claude/budget", Limit::Budget),
        ("claude/turns", Limit::Turns),
        ("mini-swe-agent/limits-exceeded", Limit::Budget),
    ] {
        let (claim, usage) = read(path, 0);
        assert_eq!(
            (claim.status, usage.limit),
            (ClaimStatus::Failed, Some(limit)),
            "{path}"
        );
        let words = ["Reached maximum ", "LimitsExceeded"];
        let is_told = words.iter().any(|words| claim.reason.starts_with(words));
        assert!(is_told, "{path}: {}", claim.reason);
    }
}

#[test]
fn what_a_real_program_used_up_is_counted() {
    let rows = [
        ("claude/done", Some(0.0145), [2400, 1600, 68], Some(2)),
        ("claude/budget", Some(0.00725), [1200, 800, 34], Some(1)),
        ("codex/done-uncommitted", None, [4000, 1600, 68], None),
        ("gemini/done-uncommitted", None, [4000, 1600, 68], Some(2)),
        ("opencode/done", Some(0.002_536), [2400, 1600, 68], Some(2)),
        ("mini-swe-agent/done", Some(0.0), [4000, 1600, 68], Some(2)),
    ];
    for (path, cost, [input, cached, output], turns) in rows {
        let (_, usage) = read(path, 0);
        let cents = |cost: Option<f64>| cost.map(|cost| (cost * 1e6).round());
        assert_eq!(cents(usage.cost_usd), cents(cost), "{path}");
        assert_eq!(
            (
                usage.input_tokens,
                usage.cached_tokens,
                usage.output_tokens,
                usage.turns
            ),
            (Some(input), Some(cached), Some(output), turns),
            "{path}"
        );
    }
}

#[test]
fn who_is_killed_while_it_waits_for_the_end_of_a_limit_met_a_limit() {
    let printed = "Tool:\n<returncode>\n0\nRetrying <unknown> in 4 seconds as it raised RateLimitError: \
        litellm.RateLimitError: Rate limit reached. Please try again in 2s..\n";
    let file = fixture("mini-swe-agent/killed-waiting");
    for (program, printed, file) in [
        ("claude", fixture("claude/killed-waiting"), ""),
        ("gemini", fixture("gemini/rate-limit"), ""),
        ("mini-swe-agent", printed.to_owned(), &*file),
    ] {
        let reader = &profile::all()[program].reader;
        let (printed, file) = (printed.as_bytes(), file.as_bytes());
        let found = reading::read(reader, printed, file, Outcome::TimedOut, NOW);
        let claim = claim::read(
            None,
            &found,
            printed,
            Outcome::TimedOut,
            &Default::default(),
        );
        assert_eq!(
            claim.status,
            ClaimStatus::RateLimited,
            "{program}: {claim:?}"
        );
    }
    let reader = &profile::all()["claude"].reader;
    let went_on = fixture("claude/killed-waiting").replacen(
        r#"{"type":"result""#,
        "{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"I go on.\"}]}}\n{\"type\":\"result\"",
        1,
    );
    let found = reading::read(reader, went_on.as_bytes(), b"", Outcome::TimedOut, NOW);
    let limit = found.failure.and_then(|failure| failure.limit);
    assert_eq!(limit, None, "it had gone on before it was killed");
}

#[test]
fn a_limit_says_when_it_ends_where_the_real_program_does() {
    for (path, until) in [
        ("claude/rate-limit", None),
        ("gemini/rate-limit", Some("2026-01-01T00:00:35Z")),
        ("opencode/rate-limit", Some("2026-01-01T00:00:02Z")),
    ] {
        assert_eq!(read(path, 1).0.until.as_deref(), until, "{path}");
    }
}

#[test]
fn numbers_for_people_are_numbers() {
    let (_, usage) = read("aider/done", 0);
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(2000), Some(34))
    );
    assert_eq!(
        (usage.cost_usd, usage.turns),
        (None, None),
        "it does not say"
    );
    let aider = &profile::all()["aider"].reader;
    let priced = "Tokens: 1.2k sent, 1,034 received. Cost: $0.0012 message, $0.0050 session.\n\
        Tokens: 3k sent, 2.9k cache hit, 6 received. Cost: $0.0038 message, $0.0050 session.\n";
    let usage = reading::read(aider, priced.as_bytes(), b"", Outcome::Exited(0), NOW).usage;
    assert_eq!(usage.cost_usd.map(|cost| (cost * 1e4).round()), Some(50.0));
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(4200), Some(1040))
    );
}

/// A repository with a plan of one task, and programs of the user's own before those of the machine.
struct Desk {
    user: User,
}

impl Desk {
    fn new() -> Self {
        let user = User::new();
        user.plan("[plan]\ntitle = \"Hello\"\nretries = 0\n[[task]]\nid = \"hello\"\ntitle = \"Say hello\"\n");
        std::fs::create_dir(user.outside("bin")).expect("a directory");
        Self { user }
    }

    /// Puts a program in the place of a known one; it has `left FIXTURE` to print what the real one printed.
    fn program(&self, name: &str, body: &str) -> &Self {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/executors");
        let functions = format!("left() {{ cat \"{fixtures}/$1.txt\"; }}");
        self.user
            .script(&format!("bin/{name}"), &format!("{functions}\n{body}"));
        self
    }

    fn enact(&self, args: &[&str]) -> Output {
        let mut path = self.user.outside("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").expect("PATH"));
        let mut command = self.user.enact_command(args);
        Output::of(
            command
                .env("PATH", path)
                .env("ANTHROPIC_API_KEY", "a-secret-key"),
        )
    }

    fn run(&self, flags: &[&str]) -> Output {
        let mut args = vec!["run", "plan.toml", "--yes", "--name", "r-test"];
        args.extend(["--durability", "process"]);
        args.extend(flags);
        self.enact(&args)
    }

    fn shown(&self) -> Value {
        let output = self.enact(&["show", "hello", "--json"]).success();
        serde_json::from_str(&output.stdout).expect("JSON")
    }
}

#[test]
fn a_known_program_needs_no_more_than_its_name() {
    let desk = Desk::new();
    desk.program(
        "codex",
        r#"test "$*" = "exec --json --ephemeral --sandbox workspace-write -c analytics.enabled=false -" || exit 9
grep -q 'Do not commit' || exit 8
test -z "$ANTHROPIC_API_KEY" || exit 7
echo hello > hello.txt
left codex/done-uncommitted"#,
    );
    desk.run(&["--executor", "codex"]).success();
    let attempt = &desk.shown()["attempts"][0];
    assert_eq!(attempt["committed_by_tool"], true);
    assert_eq!(attempt["usage"]["input_tokens"], 4000);
    let note = desk
        .user
        .git(["log", "-1", "--notes=PROGRESS", "enact/r-test/integration"]);
    note.success().says("Executor: codex");
}

#[test]
fn what_was_used_is_shown_and_summed_up_and_its_key_is_not_for_verify_commands() {
    let desk = Desk::new();
    desk.program(
        "claude",
        r#"test "$ANTHROPIC_API_KEY$DISABLE_TELEMETRY" = a-secret-key1 || exit 9
echo "$ENACT_ATTEMPT" > hello.txt
left claude/done | sed 's/\\"commit\\": \\"[0-9a-f]*\\", //'"#,
    );
    let verify = r#"test -z "$ANTHROPIC_API_KEY" && test "$ENACT_ATTEMPT" = 2"#;
    let flags = ["--executor", "claude", "--retries", "1", "--verify", verify];
    desk.run(&flags).success();
    desk.enact(&["show", "hello"])
        .success()
        .says("used      $0.01, 2400 tokens in, 1600 cached, 68 out, 2 turns");
    desk.enact(&["report"])
        .success()
        .says("**Used**: $0.03, 4800 tokens in, 3200 cached, 136 out, 4 turns");
    let report = desk.enact(&["report", "--json"]).success().stdout;
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["usage"]["turns"], 4);
    assert_eq!(report["tasks"][0]["attempts"][0]["usage"]["turns"], 2);
}

#[test]
fn a_rate_limit_pauses_the_run_whatever_the_exit_status() {
    for exit in ["0", "1"] {
        let desk = Desk::new();
        desk.program("claude", &format!("left claude/rate-limit; exit {exit}"));
        desk.run(&["--executor", "claude"]).code(4);
        assert_eq!(desk.user.status()["run"]["status"], "paused");
        assert_eq!(desk.user.task("hello")["status"], "pending");
        assert_eq!(desk.shown()["attempts"][0]["usage"]["limit"], "rate");
        desk.program("claude", "echo hello > hello.txt; left claude/text");
        desk.enact(&["resume"]).success();
        assert_eq!(desk.user.task("hello")["status"], "done");
    }
}

#[test]
fn a_pause_says_until_when_where_the_program_does() {
    let desk = Desk::new();
    let limited = r#"{"type":"turn.failed","error":{"message":"You've hit your usage limit. Try again in 2 hours 5 minutes."}}"#;
    desk.program("codex", &format!("cat <<'END'\n{limited}\nEND"));
    desk.run(&["--executor", "codex"]).code(4);
    let log = desk
        .user
        .git(["log", "-1", "--format=%s", "refs/enact/runs/r-test"]);
    log.success().says("hello: paused until 2026-01-02T05:");
}

#[test]
fn a_program_that_ends_without_a_last_message_is_not_believed() {
    let desk = Desk::new();
    desk.program(
        "claude",
        "echo hello > hello.txt; echo '{\"status\": \"done\"}'",
    );
    desk.run(&["--executor", "claude"]).code(3);
    let reason = desk.user.task("hello")["reason"].to_string();
    assert!(
        reason.contains("its program ended without a last message"),
        "{reason}"
    );
}

#[test]
fn the_result_file_comes_first_as_long_as_the_program_ends_well() {
    for (exit, status, code) in [("0", "done", 0), ("1", "pending", 4)] {
        let desk = Desk::new();
        let body = r#"echo hello > hello.txt
echo '{"status": "done"}' > "$ENACT_RESULT_FILE"
left claude/rate-limit; exit "#;
        desk.program("claude", &format!("{body}{exit}"));
        desk.run(&["--executor", "claude"]).code(code);
        assert_eq!(desk.user.task("hello")["status"], status, "exit {exit}");
    }
}

#[test]
fn a_run_is_read_as_it_began_whatever_the_settings_say_since() {
    let desk = Desk::new();
    desk.user.write(
        "enact.toml",
        "[executors.mine]\nprofile = \"codex\"\ncommand = [\"agent\", \"{answer_file}\"]\nargs = [\"-x\"]\n",
    );
    desk.user.commit("Settings");
    desk.program(
        "agent",
        r#"test "$2" = -x || exit 9; left codex/rate-limit"#,
    );
    desk.run(&["--executor", "mine"]).code(4);
    desk.user.write("enact.toml", "");
    desk.program(
        "agent",
        "echo hello > hello.txt; left codex/done-uncommitted",
    );
    desk.enact(&["resume"]).success();
    assert_eq!(desk.shown()["attempts"][1]["usage"]["output_tokens"], 68);
}

#[test]
fn executors_are_listed_and_nothing_is_executed() {
    let desk = Desk::new();
    desk.program("claude", ": > started");
    for (key, value) in [
        ("command", "agent --quiet"),
        ("commit", "auto"),
        ("passEnv", "KEY"),
    ] {
        let key = format!("enact.executors.mine.{key}");
        desk.user.git(["config", &key, value]).success();
    }
    let listed = desk.enact(&["executors", "--json"]).success().stdout;
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let rows = listed["executors"].as_array().expect("rows");
    let row = |name: &str| {
        rows.iter()
            .find(|row| row["name"] == name)
            .expect("it is listed")
    };
    assert_eq!(row("claude")["installed"], true);
    assert!(
        row("claude")["program"]
            .as_str()
            .expect("a path")
            .ends_with("bin/claude")
    );
    assert_eq!(row("mine")["command"][2], "agent --quiet");
    assert_eq!(row("mine")["commit"], "auto");
    assert_eq!(row("mine")["pass_env"][0], "KEY");
    for name in profile::all().keys() {
        assert!(
            !row(name)["traps"].as_array().expect("a list").is_empty(),
            "{name}"
        );
    }
    let text = desk.enact(&["executors"]).success();
    text.clone()
        .says("claude          installed  commits: auto");
    text.says("shell           installed  commits: auto");
    assert!(!desk.user.path().join("started").exists());
    let elsewhere = desk.user.outside("");
    desk.enact(&["-C", &elsewhere.to_string_lossy(), "executors"])
        .success()
        .says("Claude Code");
}

#[test]
fn what_cannot_be_an_executor_is_refused_before_anything_is_made() {
    let desk = Desk::new();
    for (settings, name, words) in [
        ("", "cluade", "did you mean `claude`?"),
        (
            "[executors.a]\nprofile = \"codxe\"",
            "a",
            "did you mean `codex`?",
        ),
        (
            "[executors.a]\ncommit = \"tool\"",
            "a",
            "`executors.a` has no command",
        ),
        (
            "[executors.a]\ncommand = [\"true\"]\nenv = { LD_PRELOAD = \"x\" }",
            "a",
            "`executors.a.env.LD_PRELOAD` is not for an executor to set",
        ),
        (
            "[executors.a]\ncommand = [\"true\"]\nenv = { API_KEY = \"a-secret-key\" }",
            "a",
            "`executors.a.env.API_KEY` looks like a secret",
        ),
        ("[executors.a]\ncomand = []", "a", "unknown key `comand`"),
        (
            "[executors.a]\ncommand = [\"no-such-agent\"]",
            "a",
            "`no-such-agent` is no program on PATH",
        ),
    ] {
        desk.user.write("enact.toml", settings);
        let output = desk.run(&["--executor", name]).code(2);
        assert!(output.stderr.contains(words), "`{words}`: {output}");
    }
    assert_eq!(desk.user.git(["for-each-ref", "refs/enact"]).stdout, "");
}

#[test]
fn the_proposal_shows_all_that_a_profile_brings() {
    let desk = Desk::new();
    desk.program("claude", "exit 1");
    let shown = desk.run(&["--executor", "claude", "--dry-run"]).success();
    shown
        .says("executor: claude: claude -p --output-format stream-json")
        .says("with DISABLE_TELEMETRY=1")
        .says("passed on to it from the environment: ANTHROPIC_API_KEY")
        .says("commits: auto");
}
