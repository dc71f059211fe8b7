//! What an executor can pass off as its commit.

use git_enact::run::policy::Isolation;

use super::{PLAN, attack, victim};
use crate::support::isolation::in_each;
use crate::support::oracle;
use crate::support::user::User;

#[test]
fn two_commits_are_one_task() {
    in_each(|_| {
        let attacked = attack(victim(), "commit one.txt 1; commit t.txt 2").accepted();
        let user = attacked.user;
        assert_eq!(user.at("enact/r-test/integration", "one.txt"), "1\n");
    });
}

#[test]
fn a_merge_of_another_branch_is_judged_by_what_it_brings() {
    in_each(|_| {
        let feature = |more: &str| {
            let user = User::new();
            user.plan(&PLAN.replacen("id = \"t\"\n", &format!("id = \"t\"\n{more}\n"), 1));
            user.git(["switch", "--quiet", "--create", "feature"])
                .success();
            user.write("feature.txt", "theirs\n");
            user.commit("Feature");
            user.git(["switch", "--quiet", "main"]).success();
            user.write("main.txt", "on\n");
            user.commit("On main");
            user
        };
        let merge = "git merge --quiet --no-edit feature; commit t.txt w";
        attack(feature(""), merge).accepted();
        let attacked = attack(feature("files = [\"t.txt\"]"), merge).accepted();
        attacked
            .output
            .complains("changed outside the declared files: feature.txt");
    });
}

#[test]
fn what_another_task_committed_is_not_ones_own() {
    in_each(|isolation| {
        let by_name = "git reset --quiet --hard enact/r-test/task/after";
        let by_place = "git fetch --quiet \"$(cat \"$HOME/../where\")\" HEAD; git reset --quiet --hard FETCH_HEAD";
        let ways = [by_name, by_place].into_iter();
        // No clone has the branch of another task.
        for way in ways.skip(usize::from(isolation == Isolation::Clone)) {
            let user = User::new();
            user.plan(&PLAN.replace("after = [\"t\"]\n", ""));
            let before = oracle::untouched(&user);
            let executor = user.executor(&format!(
                r#"case $ENACT_TASK$ENACT_ATTEMPT in
t1) wait_for committed; {way} ;;
after1) commit after.txt w; pwd > "$HOME/../where"; signal committed; wait_for told ;;
*) signal told; commit $ENACT_TASK.txt w ;;
esac"#
            ));
            user.run("plan.toml", &executor, &["--jobs", "2", "--retries", "1"])
                .success()
                .complains(
                    "the task branch has what task `after` has committed, and passes it off as its own",
                );
            assert_eq!(user.task("t")["attempts"], 2);
            assert_eq!(user.task("after")["attempts"], 1, "who made it is done");
            oracle::check(&user, &before);
        }
    });
}

#[test]
fn nobody_is_left_to_move_the_branch_later() {
    in_each(|_| {
        let deed = r#"commit t.txt w
(setsid sh -c 'while :; do git update-ref refs/heads/enact/r-test/task/t main; done' >/dev/null 2>&1 &)"#;
        let attacked = attack(victim(), deed);
        // It moved while the daemon lived, or it did not: what counts is what stood there once it was dead.
        attacked.output.clone().success();
        let attacked = attacked.holds();
        assert_eq!(attacked.user.at("enact/r-test/integration", "t.txt"), "w\n");
    });
}
