//! Go: `go.mod`.

use super::{Folder, Found, Purpose};

/// Where golangci-lint looks for its settings.
const GOLANGCI: [&str; 4] = [
    ".golangci.yml",
    ".golangci.yaml",
    ".golangci.toml",
    ".golangci.json",
];

pub(super) fn find(folder: &Folder, found: &mut Found) -> bool {
    let manifest = "go.mod";
    if !folder.has(manifest) {
        return false;
    }
    let place = folder.place(manifest);
    let test = folder.finding(Purpose::Test, "go test ./...", place.clone());
    found.findings.push(test);
    found.findings.push(match folder.first(&GOLANGCI) {
        Some(file) => folder.finding(Purpose::Lint, "golangci-lint run", folder.place(file)),
        None => folder
            .finding(Purpose::Lint, "go vet ./...", place.clone())
            .but("usual, and the tests do most of it"),
    });
    let build = folder.finding(Purpose::Build, "go build ./...", place);
    found.findings.push(build.but("the tests build it as well"));
    true
}
