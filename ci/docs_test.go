package ci

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocs: what the documents name is there, and the program in the README is one that is run.
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
	_, code, _ := strings.Cut(read(t, "../README.md"), "```go\n")
	code, _, found := strings.Cut(code, "```")
	if words := strings.Join(strings.Fields(code), " "); !found ||
		!strings.Contains(strings.Join(strings.Fields(read(t, "../backend/example_test.go")), " "), words) {
		t.Error("the program in README.md is not that of backend/example_test.go")
	}
}

func read(t *testing.T, name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
