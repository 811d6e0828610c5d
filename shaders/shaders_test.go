package shaders

import (
	"strings"
	"testing"
)

func TestSource(t *testing.T) {
	text, err := Source("gemm", "NAIVE", "BM 32")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text, "#version 430\n#define NAIVE\n#define BM 32\n") {
		t.Errorf("the text starts with %.60q", text)
	}
	if strings.Contains(text, "#include") || !strings.Contains(text, "void finish(") || !strings.Contains(text, "uniform Args") {
		t.Error("a file is not included")
	}
	if _, err := Source("nothing"); err == nil || !strings.Contains(err.Error(), "nothing.comp") {
		t.Errorf("a shader that does not exist: %v", err)
	}
}
