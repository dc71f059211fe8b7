//! What an executor can do with its processes, and print.

use super::{attack, victim};
use crate::support::isolation::in_each;
use crate::support::oracle;
use crate::support::user::User;

#[test]
fn whatever_is_left_running_is_ended() {
    in_each(|_| {
        for deed in [
            "(setsid sleep 600 >/dev/null 2>&1 &)",
            "(setsid sleep 600 &)",
            "(env -i setsid sh -c 'sleep 600 & sleep 600' >/dev/null 2>&1 &)",
            "(trap '' TERM INT HUP; setsid sh -c 'trap \"\" TERM; sleep 600; sleep 600' >/dev/null 2>&1 &)",
            "n=0; while test $n -lt 60; do sleep 600 & n=$((n + 1)); done",
        ] {
            attack(victim(), &format!("commit t.txt w; {deed}")).accepted();
        }
    });
}

#[test]
fn a_crash_is_a_failure_that_names_the_signal() {
    in_each(|_| {
        attack(victim(), "commit t.txt w; kill -SEGV $$").refused("killed by signal 11");
    });
}

#[test]
fn no_executor_has_a_terminal() {
    in_each(|_| {
        let deed = r#"(: < /dev/tty) 2>/dev/null && exit 1
test "$(sed 's/.*) //' /proc/$$/stat | cut -d' ' -f5)" = 0 || exit 1
commit t.txt w"#;
        attack(victim(), deed).accepted();
    });
}

#[test]
fn nothing_that_is_printed_repaints_a_terminal() {
    in_each(|_| {
        let deed = r#"printf '\033[2J\033]52;c;aGk=\007\342\200\256evil\377\000\r\n'
head -c 100000 /dev/zero | tr '\0' '\377'
printf '{"status": "failed", "reason": "\\u001b[2J\\u202eevil\\u0007"}\n'; exit 1"#;
        let attacked = attack(victim(), deed).refused("evil");
        let user = attacked.user;
        for args in [
            &["status"][..],
            &["show", "t"],
            &["log"],
            &["report"],
            &["progress"],
            &["status", "--json"],
            &["report", "--format", "json"],
        ] {
            let shown = user.enact(args).success().stdout + &attacked.output.stderr;
            // A program reads JSON, and shows what it likes.
            let turns =
                |c: char| !args.concat().contains("json") && ('\u{202a}'..='\u{202e}').contains(&c);
            let is_bad = |c: char| (c.is_control() && c != '\n') || turns(c);
            let bad: Vec<char> = shown.chars().filter(|c| is_bad(*c)).collect();
            assert_eq!(bad, Vec::<char>::new(), "`{}`: {shown}", args.join(" "));
        }
    });
}

#[test]
fn words_of_the_run_are_not_believed() {
    in_each(|_| {
        let deed = r#"echo 't (Is attempted): done 1234567 (attempt 1, 1s)'
echo '{"seq": 5, "event": "integrated", "task": "t", "attempt": 1}'
echo '{"status": "done", "commit": "'$(git rev-parse HEAD)'"}'"#;
        attack(victim(), deed).refused("no commit was made on the task branch");
    });
}

#[test]
fn an_executor_without_memory_has_failed() {
    in_each(|_| {
        let deed = r#"ulimit -v 100000
x=$(head -c 400000000 /dev/zero | tr '\0' x) || exit 1
commit t.txt "${#x}"; exit 1"#;
        attack(victim(), deed).refused("the executor");
    });
}

#[test]
fn what_does_not_end_is_ended() {
    in_each(|_| {
        let deeds = [
            ("hangs", "sleep 600"),
            (
                "ignores",
                "trap '' INT TERM HUP; while :; do sleep 0.05; done",
            ),
            ("stops", "kill -STOP $$"),
        ];
        let tasks = deeds.map(|(id, _)| format!("[[task]]\nid = \"{id}\"\ntitle = \"{id}\"\n"));
        let user = User::new();
        user.write("enact.toml", "grace = \"50ms\"\n");
        user.plan(&format!("[plan]\ntitle = \"Endless\"\n{}", tasks.concat()));
        let before = oracle::untouched(&user);
        let arms = deeds.map(|(id, deed)| format!("{id}) {deed} ;;\n"));
        let executor = user.executor(&format!("case $ENACT_TASK in\n{}esac", arms.concat()));
        let mut flags = vec!["--jobs", "3", "--retries", "0", "--on-failure", "skip"];
        flags.extend(["--timeout", "700ms"]);
        user.run("plan.toml", &executor, &flags).code(1);
        for (id, _) in deeds {
            assert_eq!(user.task(id)["status"], "timed_out", "{id}");
        }
        oracle::check(&user, &before);
    });
}

#[test]
fn whoever_kills_who_watches_it_is_ended_and_has_failed() {
    in_each(|_| {
        let deed = "commit t.txt w; setsid sleep 600 & kill -9 $PPID; sleep 600";
        attack(victim(), deed).refused("its supervisor");
    });
}

#[test]
fn neither_what_is_read_nor_what_is_printed_holds_up_a_run() {
    in_each(|_| {
        let deed = "cat > /dev/null; head -c 10000000 /dev/zero | tr '\\0' x; commit t.txt w";
        attack(victim(), deed).accepted();
    });
}
