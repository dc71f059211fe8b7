#!/bin/sh
# Whole processes side by side, for each number that the README promises as a ratio.
#
#   benches/processes.sh [tasks] [status] [slots] [soak]        all but the last, when nothing is named
#
#   FILES=238 TASKS=200 ROUNDS=5 benches/processes.sh tasks
#   FILES=50000 TASKS=20 ROUNDS=3 benches/processes.sh tasks
#
# Machines differ and drift: the contestants take turns, and what counts is the ratio of medians of one
# call. `tasks` needs no network and nothing but sh, git and awk beside the release build; it works in
# a temporary directory (TMPDIR) and removes it.
#
#   floor     the executor alone, in place: appends a line, `git add`, `git commit`
#   script    what a careful shell script does around it for each task: a worktree and a branch, the
#             executor, a look at what was left, a note, a fast-forward, the worktree removed
#   process   git-enact with --durability process: writes as durable as git's own
#   full      git-enact as it is: the disk confirms each finished task
#
# `slots` runs executors that do nothing, and executors that commit a file of their own, on one slot and on four, and
# says what part of that it is to decide which task starts when.
#
# `soak` has one driver go through SOAKED tasks whose executors do nothing, on four slots, and looks every EVERY seconds
# at what it holds: memory, descriptors, threads. Linux only.
set -eu

: "${FILES:=238}" "${TASKS:=200}" "${SCHEDULED:=10000}" "${ROUNDS:=5}" "${STATUS_TASKS:=10000}" "${LOOKS:=40}"
: "${SOAKED:=10000}" "${EVERY:=1}"
here=$(cd "$(dirname "$0")/.." && pwd)
enact=${ENACT:-${CARGO_TARGET_DIR:-$here/target}/release/git-enact}
[ -x "$enact" ] || { echo "build it first: cargo build --release" >&2; exit 2; }
case $(date +%N) in *N*) echo "this needs a date(1) that knows nanoseconds" >&2; exit 2 ;; esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# Nothing of whoever measures decides what is measured. Cargo alone still finds its own.
CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
export CARGO_HOME RUSTUP_HOME
export HOME="$work/home" GIT_CONFIG_NOSYSTEM=1 LC_ALL=C
unset XDG_CONFIG_HOME GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
mkdir "$HOME"
git config --global user.name Bench
git config --global user.email bench@example.com
git config --global init.defaultBranch main
git config --global advice.detachedHead false

# The executor: the same script for everybody.
cat > "$work/executor.sh" <<'END'
echo "one more line" >> src/d0/e0/f0.txt
git add src/d0/e0/f0.txt
git commit -q -m "one more line"
END

# A repository of $FILES files of 1 to 8 KB, fifty to a directory, the same each time.
make_repository() {
	awk -v files="$FILES" 'BEGIN {
		print "commit refs/heads/main\ncommitter Bench <bench@example.com> 1767225600 +0000"
		print "data 5\nfirst"
		seed = 12345
		for (line = 0; line < 400; line++) {
			seed = (seed * 75 + 74) % 65537
			pool = pool sprintf("let value_%05d = compute(%05d);\n", seed, line)
		}
		for (n = 0; n < files; n++) {
			seed = (seed * 75 + 74) % 65537
			text = sprintf("file %05d\n", n) substr(pool, 1 + seed % 4000, 1000 + seed % 7000)
			printf "M 100644 inline src/d%d/e%d/f%d.txt\ndata %d\n%s\n", \
				int(n / 1000), int(n / 50) % 20, n % 50, length(text), text
		}
	}' > "$work/import"
	git init -q -b main --bare "$work/origin.git"
	git -C "$work/origin.git" fast-import --quiet < "$work/import"
	rm "$work/import"
}

make_plan() {
	awk -v tasks="$TASKS" 'BEGIN {
		print "[plan]\ntitle = \"Lines\"\njobs = 1\n"
		for (n = 1; n <= tasks; n++)
			printf "[[task]]\nid = \"t%d\"\ntitle = \"Append line %d\"\n\n", n, n
	}' > "$work/lines.toml"
}

floor() {
	n=0
	while [ "$n" -lt "$TASKS" ]; do
		sh "$work/executor.sh"
		n=$((n + 1))
	done
}

script() {
	n=0
	while [ "$n" -lt "$TASKS" ]; do
		git worktree add -q -b "task-$round-$n" "../script.trees" HEAD
		(cd ../script.trees && sh "$work/executor.sh")
		[ -z "$(git -C ../script.trees status --porcelain)" ]
		git notes --ref=PROGRESS add -m "Task: $n" "task-$round-$n"
		git merge -q --ff-only "task-$round-$n"
		git worktree remove ../script.trees
		n=$((n + 1))
	done
}

process() {
	"$enact" --quiet run "$work/lines.toml" --new --yes --durability process -- sh "$work/executor.sh"
}

full() {
	"$enact" --quiet run "$work/lines.toml" --new --yes --durability full -- sh "$work/executor.sh"
}

# time_of <file> <command>...: appends the milliseconds that it took.
time_of() {
	file=$1
	shift
	before=$(date +%s%N)
	"$@" > "$work/output" 2>&1 || { cat "$work/output" >&2; echo "failed: $*" >&2; exit 1; }
	after=$(date +%s%N)
	echo "$before $after" | awk '{ printf "%.3f\n", ($2 - $1) / 1e6 }' >> "$file"
}

# median <file> <divided by>
median() {
	sort -n "$1" | awk -v by="$2" '{ all[NR] = $1 } END {
		middle = NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2
		printf "%.3f", middle / by
	}'
}

measure_tasks() {
	make_repository
	make_plan
	for who in floor script process full; do
		git clone -q --local "$work/origin.git" "$work/$who" 2> /dev/null
		# What was just checked out is not raced with: everybody starts with a settled index.
	done
	sleep 1
	for who in floor script process full; do git -C "$work/$who" status > /dev/null; done
	round=0
	while [ "$round" -lt "$ROUNDS" ]; do
		# There and back: what one leaves to the disk (the script removes a worktree for each task) is not
		# always paid by the same other.
		if [ $((round % 2)) -eq 0 ]; then turns="floor script process full"; else turns="full process script floor"; fi
		for who in $turns; do
			cd "$work/$who"
			time_of "$work/$who.times" "$who"
		done
		round=$((round + 1))
	done
	cd "$work"
	echo "$FILES files, $TASKS tasks, $ROUNDS rounds; medians"
	echo "$(median floor.times "$TASKS") $(median script.times "$TASKS") \
		$(median process.times "$TASKS") $(median full.times "$TASKS")" | awk '{
		printf "%-8s %10s %10s %12s\n", "", "ms a task", "to floor", "script to it"
		split("floor script process full", name, " ")
		for (n = 1; n <= 4; n++)
			printf "%-8s %10.2f %10.2f %12.2f\n", name[n], $n, $n / $1, $2 / $n
	}'
}

measure_status() {
	run="$work/status"
	git init -q "$run"
	(cd "$here" && cargo bench -q --bench state -- make-run "$run" "$STATUS_TASKS")
	cd "$run"
	look=0
	while [ "$look" -lt "$LOOKS" ]; do
		time_of "$work/version.times" git --version
		time_of "$work/human.times" "$enact" status
		time_of "$work/porcelain.times" "$enact" status --porcelain
		time_of "$work/json.times" "$enact" --json status
		look=$((look + 1))
	done
	cd "$work"
	echo "status of a run of $STATUS_TASKS tasks, $LOOKS looks; medians"
	echo "$(median version.times 1) $(median human.times 1) $(median porcelain.times 1) \
		$(median json.times 1)" | awk '{
		split("git --version|status|status --porcelain|status --json", name, "|")
		for (n = 1; n <= 4; n++) printf "%-20s %8.2f ms %8.2f times git --version\n", name[n], $n, $n / $1
	}'
}

# What is done for a task, by the number of slots and the kind of executor.
none_1() { "$enact" --quiet run "$work/none.toml" --new --yes --jobs 1 -- true; }
none_4() { "$enact" --quiet run "$work/none.toml" --new --yes --jobs 4 -- true; }
own_1() { "$enact" --quiet run "$work/own.toml" --new --yes --jobs 1 -- sh "$work/own.sh"; }
own_4() { "$enact" --quiet run "$work/own.toml" --new --yes --jobs 4 -- sh "$work/own.sh"; }

measure_slots() {
	[ -d "$work/origin.git" ] || make_repository
	awk -v tasks="$TASKS" -v work="$work" 'BEGIN {
		for (kind = 0; kind < 2; kind++) {
			file = work (kind ? "/own.toml" : "/none.toml")
			print "[plan]\ntitle = \"Slots\"\n" > file
			for (n = 1; n <= tasks; n++)
				printf "[[task]]\nid = \"t%d\"\ntitle = \"Do %d\"\nfiles = [\"own/%d.txt\"]\n%s\n", \
					n, n, n, kind ? "" : "allow_empty = true\n" > file
		}
	}'
	cat > "$work/own.sh" <<'END'
mkdir -p own && echo one > "own/${ENACT_TASK#t}.txt" && git add own && git commit -q -m "own file"
END
	(cd "$here" && cargo bench -q --bench state -- schedule "$SCHEDULED") > "$work/schedule"
	for who in none_1 none_4 own_1 own_4; do
		git clone -q --local "$work/origin.git" "$work/$who" 2> /dev/null
	done
	sleep 1
	for who in none_1 none_4 own_1 own_4; do git -C "$work/$who" status > /dev/null; done
	round=0
	while [ "$round" -lt "$ROUNDS" ]; do
		if [ $((round % 2)) -eq 0 ]; then turns="none_1 none_4 own_1 own_4"; else turns="own_4 own_1 none_4 none_1"; fi
		for who in $turns; do
			cd "$work/$who"
			time_of "$work/$who.times" "$who"
		done
		round=$((round + 1))
	done
	cd "$work"
	echo "$FILES files, $TASKS tasks, $ROUNDS rounds; medians"
	echo "$(median none_1.times "$TASKS") $(median none_4.times "$TASKS") \
		$(median own_1.times "$TASKS") $(median own_4.times "$TASKS")" | awk '{
		printf "%-22s %10s %10s %12s\n", "ms a task", "1 slot", "4 slots", "4 to 1"
		printf "%-22s %10.2f %10.2f %12.2f\n", "executors do nothing", $1, $2, $2 / $1
		printf "%-22s %10.2f %10.2f %12.2f\n", "each commits a file", $3, $4, $4 / $3
	}'
	each=$(median none_4.times "$TASKS")
	echo "deciding for $SCHEDULED tasks on 4 slots, and its part of running executors that do nothing for them"
	awk -v each="$each" -v tasks="$SCHEDULED" '{
		ms = $1; sub(/^[^ ]* /, "")
		printf "%-28s %10.1f ms %8.3f %%\n", $0, ms, 100 * ms / (each * tasks)
	}' "$work/schedule"
}

# What the driver holds, as one line: seconds, descriptors, threads, KiB now, KiB at most. Nothing, when it is gone.
holding() {
	descriptors=$(ls "/proc/$driver/fd" 2> /dev/null | wc -l)
	awk -v begun="$begun" -v now="$(date +%s%N)" -v descriptors="$descriptors" '
		$1 == "Threads:" { threads = $2 }
		$1 == "VmRSS:" { rss = $2 }
		$1 == "VmHWM:" { peak = $2 }
		END { if (peak && descriptors) printf "%.1f %d %d %d %d\n", (now - begun) / 1e9, descriptors, threads, rss, peak }
	' "/proc/$driver/status" 2> /dev/null || :
}

measure_soak() {
	git init -q "$work/soak"
	cd "$work/soak"
	git commit -q --allow-empty -m "first"
	awk -v tasks="$SOAKED" 'BEGIN {
		print "[plan]\ntitle = \"Soak\"\n"
		for (n = 1; n <= tasks; n++)
			printf "[[task]]\nid = \"t%d\"\ntitle = \"Nothing %d\"\nallow_empty = true\n\n", n, n
	}' > "$work/soak.toml"
	begun=$(date +%s%N)
	"$enact" --quiet run "$work/soak.toml" --name soak --yes --jobs 4 -- true > "$work/output" 2>&1 &
	driver=$!
	while kill -0 "$driver" 2> /dev/null; do
		holding >> "$work/soak.held"
		sleep "$EVERY"
	done
	wait "$driver" || { cat "$work/output" >&2; echo "the run failed" >&2; exit 1; }
	took=$(tail -n 1 "$work/soak.held" | cut -d ' ' -f 1)
	[ "$("$enact" status soak --porcelain | grep -c '	done	')" -eq "$SOAKED" ] || { echo "not all are done" >&2; exit 1; }
	size=$(du -sk .git | cut -f 1)
	objects=$(git count-objects | cut -d ' ' -f 1)
	look=0
	while [ "$look" -lt "$LOOKS" ]; do
		time_of "$work/soak.status" "$enact" status soak
		time_of "$work/soak.load" "$enact" status soak --porcelain
		look=$((look + 1))
	done
	cd "$work"
	echo "$SOAKED tasks that do nothing, on four slots, with --durability full"
	awk '{ line[NR] = $0 } END {
		printf "%10s %12s %8s %10s %10s\n", "seconds", "descriptors", "threads", "RSS MiB", "peak MiB"
		points = NR < 12 ? NR : 12
		for (n = 1; n <= points; n++) {
			split(line[int(1 + (NR - 1) * (n - 1) / (points > 1 ? points - 1 : 1) + 0.5)], at, " ")
			printf "%10.1f %12d %8d %10.1f %10.1f\n", at[1], at[2], at[3], at[4] / 1024, at[5] / 1024
		}
	}' soak.held
	# The first tenth is the beginning; after that nothing should grow.
	awk -v took="$took" -v tasks="$SOAKED" -v size="$size" -v objects="$objects" \
		-v status="$(median soak.status 1)" -v load="$(median soak.load 1)" '{
		if ($5 > peak) peak = $5
		if ($1 < took / 10) next
		half = $1 > took * 0.55
		if ($2 > most[half]) most[half] = $2
	} END {
		printf "%-34s %10.1f\n", "tasks a second", tasks / took
		printf "%-34s %10.1f   asked: below 300\n", "peak memory of the driver, MiB", peak / 1024
		printf "%-34s %4d, %4d   asked: the same\n", "most descriptors, by halves", most[0], most[1]
		printf "%-34s %10.1f   %d loose objects\n", ".git, MiB", size / 1024, objects
		printf "%-34s %10.1f   asked: below 200\n", "status, ms", status
		printf "%-34s %10.1f   asked: below 1000\n", "all of the state loaded, ms", load
	}' soak.held
}

for what in ${*:-tasks status slots}; do
	case $what in
	tasks) measure_tasks ;;
	status) measure_status ;;
	slots) measure_slots ;;
	soak) measure_soak ;;
	*) echo "usage: $0 [tasks] [status] [slots] [soak]" >&2; exit 2 ;;
	esac
done
