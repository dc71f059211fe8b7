//! What a heading says of the boxes below it: in whatever language, criteria and notes are no tasks.

/// What a heading says of the boxes below it, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) enum Kind {
    /// They are tasks.
    Work,
    /// They are tasks if they have an id: prerequisites, notes, questions.
    Aside,
    /// They are criteria that the result is measured by.
    Criteria,
}

/// Wherever in a heading.
const CRITERIA: [&str; 18] = [
    "success criteria",
    "acceptance criteria",
    "definition of done",
    "done when",
    "exit criteria",
    "quality gate",
    "completion criteria",
    "验收标准",
    "验收条件",
    "成功标准",
    "完成标准",
    "驗收標準",
    "成功標準",
    "受け入れ",
    "完了条件",
    "成功基準",
    "critérios de",
    "criterios de",
];

/// At the start of a heading: "Install the dependencies" is work.
const ASIDE: [&str; 19] = [
    "prerequisite",
    "dependencies",
    "external dependencies",
    "legend",
    "notes",
    "open questions",
    "risks",
    "out of scope",
    "non-goals",
    "future",
    "format",
    "references",
    "acceptance",
    "前提",
    "前置条件",
    "备注",
    "说明",
    "验收",
    "依存関係",
];

/// Lists of what to look at when the work is done.
const CHECKS: [&str; 4] = [
    "verification checklist",
    "validation checklist",
    "review checklist",
    "quality checklist",
];

impl Kind {
    pub(in crate::plan) fn of(title: &str) -> Self {
        let title = title.to_lowercase();
        let start = title.trim_start_matches(|c: char| !c.is_alphabetic());
        match () {
            () if CRITERIA.iter().any(|words| title.contains(words)) => Kind::Criteria,
            () if ASIDE.iter().any(|word| start.starts_with(word)) => Kind::Aside,
            () if CHECKS.iter().any(|words| title.contains(words))
                || title.ends_with("(future)") =>
            {
                Kind::Aside
            }
            () => Kind::Work,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn headings_about_work_are_told_from_those_about_criteria_and_from_remarks() {
        for (title, kind) in [
            ("Phase 1: Setup", Kind::Work),
            ("2. Install the dependencies", Kind::Work),
            ("4. Acceptance tests", Kind::Aside),
            ("🎯 Success Criteria", Kind::Criteria),
            ("验收标准", Kind::Criteria),
            ("3. Prerequisites", Kind::Aside),
            ("🧪 Verification Checklist", Kind::Aside),
            ("Phase 2 Enhancements (Future)", Kind::Aside),
            ("Update the release notes", Kind::Work),
            ("Checklist", Kind::Work),
        ] {
            assert_eq!(Kind::of(title), kind, "{title}");
        }
    }
}
