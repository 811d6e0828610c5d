// Package must ends a test at an error that it does not expect.
package must

// A TB is a test or a benchmark, or one of rapid's.
type TB interface {
	Helper()
	Fatal(args ...any)
}

// Do ends the test if there is an error.
func Do(t TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Get returns a function that returns v, or ends the test if there is an error: must.Get(os.ReadFile(path))(t).
func Get[T any](v T, err error) func(t TB) T {
	return func(t TB) T {
		t.Helper()
		Do(t, err)
		return v
	}
}
