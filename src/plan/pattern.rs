//! What a declared file stands for: a path with all that lies below it, or a glob; and whether two have a path
//! in common, without looking at any file system.
//!
//! What `files` and `creates` mean is known here and in `verify::scope`, which asks whether a path that was changed
//! is covered; here nothing exists yet. A character class counts as any character: unsure means touching.

/// A glob with more choices in braces than these stands for the folder that it is in.
const CHOICES_MAX: usize = 64;

/// The globs that a glob with choices in braces, such as `a.{txt,md}`, stands for.
pub fn choices(glob: &str) -> Vec<String> {
    let mut open = vec![glob.to_owned()];
    let mut done = Vec::new();
    while let Some(glob) = open.pop() {
        let braces = glob.find('{').and_then(|from| {
            let to = glob[from..].find('}')?;
            Some((from, from + to))
        });
        let Some((from, to)) = braces else {
            done.push(glob);
            continue;
        };
        let (head, tail) = (&glob[..from], &glob[to + 1..]);
        let choices = glob[from + 1..to].split(',').rev();
        open.extend(choices.map(|choice| format!("{head}{choice}{tail}")));
        if open.len() + done.len() > CHOICES_MAX {
            return vec![Pattern::all_in(&glob[..from]).text];
        }
    }
    done
}

/// One path or glob, without choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// How many bytes of the text stand for themselves.
    literal: usize,
    parts: Vec<Part>,
}

/// What stands between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Any number of folders, or none.
    Deep,
    /// One name.
    Name(Vec<Sign>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Is(char),
    Any,
    Many,
}

impl Pattern {
    /// What one of [`choices`] stands for. What is no valid glob is a path.
    pub fn new(written: &str) -> Self {
        let mut text = written;
        while let Some(rest) = text.strip_prefix("./") {
            text = rest;
        }
        let bare = text.trim_end_matches('/');
        let wild = bare
            .find(['*', '?', '['])
            .filter(|_| glob::Pattern::new(bare).is_ok());
        let mut parts: Vec<Part> = bare
            .split('/')
            .map(|name| match (name, wild) {
                (_, None) => Part::Name(name.chars().map(Sign::Is).collect()),
                ("**", _) => Part::Deep,
                (name, _) => Part::Name(signs(name)),
            })
            .collect();
        // A path covers what lies below it, should it be a folder.
        if wild.is_none() || bare.len() < text.len() {
            parts.push(Part::Deep);
        }
        Self {
            text: bare.to_owned(),
            literal: wild.unwrap_or(bare.len()),
            parts,
        }
    }

    /// All that lies in the folder that `lead`, the beginning of a path, ends in.
    pub fn all_in(lead: &str) -> Self {
        let folder = lead.rfind('/').map_or(0, |at| at + 1);
        Self::new(&format!("{}**", &lead[..folder]))
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What every path that it covers begins with.
    pub fn lead(&self) -> &str {
        &self.text[..self.literal]
    }

    /// Whether it is a path rather than a glob.
    pub fn is_path(&self) -> bool {
        self.literal == self.text.len()
    }

    /// Whether there can be a path that both cover.
    pub fn meets(&self, other: &Pattern) -> bool {
        meet(
            &self.parts,
            &other.parts,
            |part| *part == Part::Deep,
            |one, two| {
                let (Part::Name(one), Part::Name(two)) = (one, two) else {
                    return true;
                };
                meet(
                    one,
                    two,
                    |sign| *sign == Sign::Many,
                    |one, two| one == two || *one == Sign::Any || *two == Sign::Any,
                )
            },
        )
    }
}

/// How many signs of one are compared with how many of the other at most, as a product.
const PRODUCT_MAX: usize = 1 << 13;

/// Whether some sequence is described by both, where what `repeats` stands for any number of anything.
fn meet<T>(
    one: &[T],
    two: &[T],
    repeats: impl Fn(&T) -> bool,
    agree: impl Fn(&T, &T) -> bool,
) -> bool {
    // Nobody writes such; whoever did is taken to mean the same.
    if one.len() * two.len() > PRODUCT_MAX {
        return true;
    }
    // From the ends: whether what is left of both can be the same.
    let mut below = vec![false; two.len() + 1];
    for at in (0..=one.len()).rev() {
        let mut row = vec![false; two.len() + 1];
        for to in (0..=two.len()).rev() {
            let (first, second) = (one.get(at), two.get(to));
            row[to] = match (first, second) {
                (None, None) => true,
                (Some(first), _) if repeats(first) => below[to] || second.is_some() && row[to + 1],
                (_, Some(second)) if repeats(second) => row[to + 1] || first.is_some() && below[to],
                (Some(first), Some(second)) => below[to + 1] && agree(first, second),
                _ => false,
            };
        }
        below = row;
    }
    below[0]
}

fn signs(name: &str) -> Vec<Sign> {
    let mut signs = Vec::with_capacity(name.len());
    let mut rest = name.chars();
    while let Some(c) = rest.next() {
        signs.push(match c {
            '*' => Sign::Many,
            '?' => Sign::Any,
            '[' => {
                let class = rest.as_str();
                let inner = class.strip_prefix('!').unwrap_or(class);
                // The bracket that closes stands behind at least one other character.
                let first = inner.chars().next().map_or(0, char::len_utf8);
                let close = inner[first..].find(']').map(|at| first + at + 1);
                rest = inner[close.unwrap_or(inner.len())..].chars();
                Sign::Any
            }
            c => Sign::Is(c),
        });
    }
    signs
}

#[cfg(test)]
mod tests {
    use super::{Pattern, choices};

    #[test]
    fn patterns_meet_where_a_path_can_be_covered_by_both() {
        let meets = |one: &str, two: &str| {
            let (one, two) = (Pattern::new(one), Pattern::new(two));
            assert_eq!(one.meets(&two), two.meets(&one), "{one:?} {two:?}");
            one.meets(&two)
        };
        for (one, two) in [
            ("src/a.rs", "src/a.rs"),
            ("src", "src/a.rs"),
            ("src/", "./src/a.rs"),
            ("src/**", "src/a/b.rs"),
            ("src/**/*.rs", "src/a.rs"),
            ("**/mod.rs", "src/**"),
            ("src/*.rs", "src/a*"),
            ("src/[ab].rs", "src/a.rs"),
            ("src/[]a].rs", "src/?.rs"),
            ("src/*/x", "src/a"),
            ("**", "anything/at/all"),
            ("a*c", "*b*"),
        ] {
            assert!(meets(one, two), "{one} meets {two}");
        }
        for (one, two) in [
            ("src/a.rs", "src/a.rs.bak"),
            ("src/a", "src/ab"),
            ("src/*.rs", "src/deep/a.rs"),
            ("src/**/*.rs", "src/**/*.md"),
            ("src/*.rs", "tests/*.rs"),
            ("src/a*.rs", "src/b*.rs"),
            ("src/?.rs", "src/ab.rs"),
            ("src/**", "srcs/a"),
        ] {
            assert!(!meets(one, two), "{one} does not meet {two}");
        }
    }

    #[test]
    fn patterns_that_nobody_would_write_are_taken_to_meet() {
        let long = |c: &str| format!("{}*", c.repeat(200));
        assert!(Pattern::new(&long("a")).meets(&Pattern::new(&long("b"))));
    }

    #[test]
    fn braces_are_choices_and_too_many_of_them_a_folder() {
        assert_eq!(choices("a.{txt,md}"), ["a.txt", "a.md"]);
        assert_eq!(choices("{a,b}/{c,d}"), ["a/c", "a/d", "b/c", "b/d"]);
        assert_eq!(choices("a{b"), ["a{b"]);
        let many = format!("src/x{}", "{a,b}".repeat(40));
        assert_eq!(choices(&many), ["src/**"]);
    }
}
