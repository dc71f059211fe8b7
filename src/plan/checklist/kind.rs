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

impl Kind {
    pub(super) fn of(title: &str) -> Self {
        const CRITERIA: [&str; 18] = [
            "success criteria",
            "acceptance",
            "definition of done",
            "done when",
            "exit criteria",
            "quality gate",
            "completion criteria",
            "验收",
            "成功标准",
            "完成标准",
            "驗收",
            "成功標準",
            "受け入れ",
            "完了条件",
            "成功基準",
            "critérios de",
            "criterios de",
            "critères",
        ];
        const ASIDE: [&str; 16] = [
            "prerequisite",
            "dependencies",
            "legend",
            "notes",
            "open questions",
            "risks",
            "out of scope",
            "non-goals",
            "format",
            "references",
            "前提",
            "备注",
            "說明",
            "说明",
            "図例",
            "依存関係",
        ];
        let title = title.to_lowercase();
        let says = |sayings: &[&str]| sayings.iter().any(|saying| title.contains(saying));
        match () {
            () if says(&CRITERIA) => Kind::Criteria,
            () if says(&ASIDE) => Kind::Aside,
            () => Kind::Work,
        }
    }
}
