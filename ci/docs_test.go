package ci

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestDocs: what the documents name is there, and the programs in them are of examples that are run.
func TestDocs(t *testing.T) {
	docs, err := filepath.Glob("../docs/*.md")
	if err != nil || len(docs) == 0 {
		t.Fatal(docs, err)
	}
	file := regexp.MustCompile("`([a-z_]+/[a-z0-9_/]+\\.(?:go|comp|glsl|sh|py|md))`")
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	for _, doc := range append(docs, "../README.md") {
		text := read(t, doc)
		for _, m := range file.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join("..", m[1])); err != nil {
				t.Errorf("%s names %s: %v", doc, m[1], err)
			}
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", doc, m[1], err)
			}
		}
	}
	examples, err := filepath.Glob("../*/example*_test.go")
	below, other := filepath.Glob("../*/*/example*_test.go")
	users, others := filepath.Glob("../examples/*/*.go")
	if examples = slices.Concat(examples, below, users); errors.Join(err, other, others) != nil || len(users) == 0 {
		t.Fatal(err, other, others, users)
	}
	var run strings.Builder
	for _, e := range examples {
		run.WriteString(words(read(t, e)))
	}
	for _, doc := range []string{"../README.md", "../docs/adding-a-rule.md", "../docs/adding-a-system.md", "../docs/performance.md"} {
		all := programs(read(t, doc))
		if len(all) == 0 {
			t.Errorf("%s has no program", doc)
		}
		for _, p := range all {
			if !strings.Contains(run.String(), words(p)) {
				t.Errorf("this program in %s is in none of %v:\n%s", doc, examples, p)
			}
		}
	}
}

// TestDocsWrap: the lines of prose are not paragraphs.
func TestDocsWrap(t *testing.T) {
	docs, err := filepath.Glob("../docs/*.md")
	pages, other := filepath.Glob("../bench/results/*/*.md")
	if errors.Join(err, other) != nil {
		t.Fatal(err, other)
	}
	for _, doc := range slices.Concat([]string{"../README.md", "../CHANGELOG.md"}, docs, pages) {
		code := false
		for i, line := range strings.Split(read(t, doc), "\n") {
			if strings.HasPrefix(line, "```") {
				code = !code
			}
			if n := utf8.RuneCountInString(line); n > 125 && !code && !strings.HasPrefix(line, "|") {
				t.Errorf("%s:%d has %d characters, want lines of at most 125", doc, i+1, n)
			}
		}
	}
}

// programs returns the Go that a document shows.
func programs(text string) (all []string) {
	for _, part := range strings.Split(text, "```go\n")[1:] {
		code, _, _ := strings.Cut(part, "```")
		all = append(all, code)
	}
	return all
}

// words is text without its layout.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

func read(t *testing.T, name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
