//! `IMPL_PLAN.md`: how the tasks are to be executed, and in which phases.
//!
//! Everything in it is prose. Only the word that an execution model begins with is believed, lists of tasks
//! that a phase names, and chains such as `IMPL-1 → IMPL-2`; the rest is for people and executors.

use std::ops::Range;

use super::ids;
use crate::plan::fields::fields;
use crate::plan::markdown::{Block, Document, Line, lines};

/// How tasks are executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    /// One after the other.
    Sequential,
    /// All that nothing orders, side by side.
    Parallel,
    /// Phase by phase.
    Phased,
    /// Those of one group side by side: also what holds where nothing is said.
    Grouped,
}

/// What the plan says of the execution.
#[derive(Debug, Default)]
pub(super) struct Strategy {
    /// The model, and where it stands; `Err` is one that nobody knows.
    pub(super) model: Option<(Result<Model, String>, Range<usize>)>,
    /// Which phase each id belongs to, in the plan's order.
    pub(super) phases: Vec<(String, String)>,
    /// What comes before what, as it is written: of each chain its members, each a set of ids.
    pub(super) chains: Vec<Vec<Vec<String>>>,
    /// Where ids stand together and nothing says which comes first.
    pub(super) unread: Vec<Range<usize>>,
}

/// What a document says of the execution.
pub(super) fn read(document: &Document) -> Strategy {
    let blocks = section_four(&document.blocks);
    let is_part = blocks.len() < document.blocks.len();
    let elsewhere = || is_part.then(|| model(&document.blocks)).flatten();
    let model = model(blocks).or_else(elsewhere);
    let (read, unread): (Vec<_>, Vec<_>) = serialized(blocks)
        .into_iter()
        .filter(|line| ids::ids_in(&line.text).nth(1).is_some())
        .map(|line| (line, chain(line)))
        .partition(|(_, chain)| chain.is_some());
    Strategy {
        model,
        phases: phases(&document.blocks),
        chains: read.into_iter().filter_map(|(_, chain)| chain).collect(),
        unread: unread
            .into_iter()
            .map(|(line, _)| line.range.clone())
            .collect(),
    }
}

/// The section on the implementation strategy; all of it when there is none.
fn section_four(blocks: &[Block]) -> &[Block] {
    let is_strategy = |title: &str| {
        let lower = title.to_lowercase();
        lower.starts_with("4.")
            || lower.contains("implementation strategy")
            || lower.contains("实施策略")
    };
    let begins = |block: &Block| matches!(block, Block::Heading(heading) if heading.level == 2 && is_strategy(&heading.title));
    let Some(start) = blocks.iter().position(begins) else {
        return blocks;
    };
    let rest = &blocks[start..];
    let ends = |block: &Block| matches!(block, Block::Heading(heading) if heading.level <= 2);
    let end = rest[1..].iter().position(ends);
    &rest[..end.map_or(rest.len(), |end| end + 1)]
}

type Found = (Result<Model, String>, Range<usize>);

/// The first execution model that is named, as a field or in a heading; else the first strategy.
fn model(blocks: &[Block]) -> Option<Found> {
    const MODELS: [&str; 4] = ["execution model", "execution mode", "执行模型", "执行模式"];
    const STRATEGIES: [&str; 3] = ["execution strategy", "执行策略", "执行方式"];
    let named = |names: &[&str]| {
        blocks.iter().find_map(|block| match block {
            Block::Line(line) => {
                let lead = line.lead.as_ref()?;
                let is_one = |name: &&str| name.eq_ignore_ascii_case(lead);
                names.iter().any(is_one).then_some(())?;
                keyword(&line.text, line.range.clone())
            }
            Block::Heading(heading) => {
                let (lead, value) = heading.title.split_once([':', '：'])?;
                let lead = lead.to_lowercase();
                names
                    .iter()
                    .any(|name| lead.ends_with(name))
                    .then_some(())?;
                keyword(value, heading.range.clone())
            }
            _ => None,
        })
    };
    named(&MODELS).or_else(|| named(&STRATEGIES))
}

/// The model that a text begins with.
fn keyword(text: &str, range: Range<usize>) -> Option<Found> {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let lower = text.to_lowercase();
    let begins = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    let model = if begins(&[
        "sequential",
        "serial",
        "linear",
        "tdd",
        "one by one",
        "顺序",
        "串行",
        "线性",
    ]) {
        Ok(Model::Sequential)
    } else if begins(&["group", "wave", "hybrid", "mixed", "分组", "混合"]) {
        Ok(Model::Grouped)
    } else if begins(&["parallel", "concurrent", "并行", "并发"]) {
        Ok(Model::Parallel)
    } else if begins(&["phase", "staged", "分阶段", "阶段"]) {
        Ok(Model::Phased)
    } else {
        let word = text
            .split(|c: char| !c.is_alphanumeric() && c != '-')
            .next()?;
        if word.is_empty() {
            return None;
        }
        Err(word.to_owned())
    };
    Some((model, range))
}

/// The lists of tasks below headings and bold lines that name a phase.
fn phases(blocks: &[Block]) -> Vec<(String, String)> {
    let mut phase: Option<String> = None;
    let mut found = Vec::new();
    for block in blocks {
        match block {
            Block::Heading(heading) => phase = phase_of(&heading.title),
            Block::Line(line) => {
                let lead = line.lead.as_deref().unwrap_or_default();
                if let Some(named) = phase_of(lead).or_else(|| phase_of(&line.text)) {
                    phase = Some(named);
                }
                let is_list = ["tasks", "task", "任务"]
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(lead));
                if let (Some(phase), true) = (&phase, is_list) {
                    found.extend(
                        ids::ids_in(&line.text).map(|(_, id)| (id.to_owned(), phase.clone())),
                    );
                }
            }
            _ => {}
        }
    }
    found
}

/// `phase 1` of `Phase 1 (Weeks 1-2): Foundation`.
pub(super) fn phase_of(title: &str) -> Option<String> {
    let title = title.trim_start_matches(|c: char| !c.is_alphanumeric());
    let begins = |word: &&&str| {
        let head = title.get(..word.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(word))
    };
    let word = ["phase", "stage", "wave", "阶段", "第"]
        .iter()
        .find(begins)?;
    let rest = title[word.len()..].trim_start_matches([' ', '-', '#']);
    let number: String = rest
        .to_lowercase()
        .chars()
        .take_while(|c| c.is_alphanumeric() && !"阶波".contains(*c))
        .collect();
    let is_number =
        number.starts_with(|c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c));
    is_number.then(|| format!("phase {number}"))
}

/// The lines of `Serialization Requirements`, a field or a heading.
fn serialized(blocks: &[Block]) -> Vec<&Line> {
    let names = ["Serialization Requirements", "Serialization", "串行要求"];
    let fields = names.iter().flat_map(|name| fields(blocks, name));
    let found: Vec<&Line> = fields
        .flat_map(|field| field.lines().collect::<Vec<_>>())
        .collect();
    let headed = blocks.iter().position(|block| {
        matches!(block, Block::Heading(heading) if heading.title.to_lowercase().contains("serialization"))
    });
    match headed {
        Some(start) if found.is_empty() => {
            let rest = &blocks[start + 1..];
            let end = rest
                .iter()
                .position(|block| matches!(block, Block::Heading(_)));
            lines(&rest[..end.unwrap_or(rest.len())]).collect()
        }
        _ => found,
    }
}

/// What a line puts in order: `A → B → {C, D}`, or `B must run after A`.
fn chain(line: &Line) -> Option<Vec<Vec<String>>> {
    let text = line.text.replace("->", "→").replace("=>", "→");
    if !text.contains('→') {
        return sentence(&text);
    }
    let links: Vec<Vec<String>> = text
        .split('→')
        // What follows a colon or a parenthesis explains.
        .map(|part| {
            part.split([':', '：', '(', '（'])
                .next()
                .unwrap_or_default()
        })
        .map(|part| ids::ids_in(part).map(|(_, id)| id.to_owned()).collect())
        .collect();
    (links.len() > 1 && links.iter().all(|link: &Vec<String>| !link.is_empty())).then_some(links)
}

/// `IMPL-3 must run after IMPL-1 and IMPL-2`: the words between two sets of ids say which comes first.
fn sentence(text: &str) -> Option<Vec<Vec<String>>> {
    const LATER: [&str; 7] = [
        " after ",
        " depends on ",
        " depend on ",
        " requires ",
        " needs ",
        " waits for ",
        "依赖",
    ];
    const EARLIER: [&str; 4] = [" before ", " precedes ", " blocks ", "先于"];
    let lower = text.to_ascii_lowercase();
    let sides = |words: &[&str]| {
        let mut places = words
            .iter()
            .filter_map(|word| Some((lower.find(word)?, word)));
        places
            .next()
            .map(|(at, word)| (&text[..at], &text[at + word.len()..]))
    };
    let ((Some((then, first)), None) | (None, Some((first, then)))) =
        (sides(&LATER), sides(&EARLIER))
    else {
        return None;
    };
    let ids = |side| -> Vec<String> { ids::ids_in(side).map(|(_, id)| id.to_owned()).collect() };
    let links = vec![ids(first), ids(then)];
    links.iter().all(|link| !link.is_empty()).then_some(links)
}

#[cfg(test)]
mod tests {
    use super::{Model, keyword, phase_of, sentence};

    #[test]
    fn sentences_say_which_comes_first() {
        let order = |text: &str| {
            let links = sentence(text)?;
            let words: Vec<String> = links.iter().map(|ids| ids.join(" ")).collect();
            Some(words.join(" | "))
        };
        assert_eq!(
            order("IMPL-3 must run after IMPL-1 and IMPL-2").as_deref(),
            Some("IMPL-1 IMPL-2 | IMPL-3")
        );
        assert_eq!(
            order("IMPL-4 runs before IMPL-5, IMPL-6").as_deref(),
            Some("IMPL-4 | IMPL-5 IMPL-6")
        );
        assert_eq!(order("IMPL-1 and IMPL-2 share a table"), None);
    }

    #[test]
    fn a_model_is_the_word_that_it_begins_with() {
        let model = |text: &str| keyword(text, 0..0).map(|(model, _)| model);
        assert_eq!(
            model("Sequential with targeted parallelization opportunities"),
            Some(Ok(Model::Sequential))
        );
        assert_eq!(
            model("**Group-Parallel** in three"),
            Some(Ok(Model::Grouped))
        );
        assert_eq!(
            model("Parallel (tasks are independent)"),
            Some(Ok(Model::Parallel))
        );
        assert_eq!(model("Phased（分阶段执行）"), Some(Ok(Model::Phased)));
        assert_eq!(model("TDD Cycles"), Some(Ok(Model::Sequential)));
        assert_eq!(model("Whatever fits"), Some(Err("Whatever".into())));
        assert_eq!(model(""), None);
    }

    #[test]
    fn phases_are_told_by_their_numbers() {
        assert_eq!(
            phase_of("Phase 1 (Weeks 1-2): Foundation").as_deref(),
            Some("phase 1")
        );
        assert_eq!(
            phase_of("### Wave 2: Hardening").as_deref(),
            Some("phase 2")
        );
        assert_eq!(phase_of("阶段 3：测试").as_deref(), Some("phase 3"));
        assert_eq!(phase_of("Phases of the moon"), None);
    }
}
