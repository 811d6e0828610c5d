package data

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hebb/internal/must"
)

// A mirror serves files from memory, and fails as it is told to.
type mirror struct {
	files map[string][]byte
	// cut ends an answer after so many bytes, as often as cuts says.
	cut  int
	cuts atomic.Int32
	// noRange answers every request with the whole.
	noRange  bool
	requests []string // "name range"
	mu       sync.Mutex
	hold     chan struct{} // if there is one, an answer waits after its first bytes until it is closed
}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/sets/")
	m.mu.Lock()
	m.requests = append(m.requests, strings.TrimSpace(name+" "+r.Header.Get("Range")))
	m.mu.Unlock()
	file, ok := m.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if m.noRange {
		r.Header.Del("Range")
	}
	if m.cuts.Add(-1) >= 0 || m.hold != nil {
		w = &cutter{ResponseWriter: w, left: m.cut, hold: m.hold, gone: r.Context().Done()}
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(file))
}

// A cutter breaks the connection off after some bytes, or waits there.
type cutter struct {
	http.ResponseWriter
	left       int
	hold, gone <-chan struct{}
}

func (c *cutter) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.left -= n
	if _, err := c.ResponseWriter.Write(p[:n]); err != nil || n == len(p) {
		return n, err
	}
	c.ResponseWriter.(http.Flusher).Flush()
	if c.hold == nil {
		panic(http.ErrAbortHandler)
	}
	select {
	case <-c.hold:
	case <-c.gone:
	}
	panic(http.ErrAbortHandler)
}

func (m *mirror) asked() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.requests, ", ")
}

func serve(t *testing.T, m *mirror) (address string) {
	t.Helper()
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	return s.URL + "/sets/"
}

func md5Of(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

var fetched = bytes.Repeat([]byte("0123456789"), 1000)

// one is a set of the single file f.gz.
func one(mirrors ...string) catalogued {
	return catalogued{name: "one", mirrors: mirrors, files: []remote{{name: "f.gz", size: int64(len(fetched)), md5: md5Of(fetched)}}}
}

func quiet() fetcher {
	return fetcher{client: new(http.Client), progress: func(string, int64, int64) {}, stall: time.Minute}
}

// wantFiles asserts that dir holds these files and no others but the lock.
func wantFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries := must.Get(os.ReadDir(dir))(t)
	var got []string
	for _, e := range entries {
		if e.Name() != ".fetching" {
			got = append(got, e.Name())
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(names) {
		t.Errorf("the folder holds %v, want %v", got, names)
	}
}

func wantFetched(t *testing.T, dir string) {
	t.Helper()
	if got, err := os.ReadFile(filepath.Join(dir, "f.gz")); err != nil || !bytes.Equal(got, fetched) {
		t.Errorf("f.gz is not what the server has: %d bytes, %v", len(got), err)
	}
	wantFiles(t, dir, "f.gz")
}

func TestFetch(t *testing.T) {
	m := &mirror{files: map[string][]byte{"f.gz": fetched}}
	dir := filepath.Join(t.TempDir(), "deep", "dir")
	f := quiet()
	var last int64
	f.progress = func(file string, done, total int64) {
		if file != "f.gz" || done < last || total != 10000 {
			t.Errorf("progress %s, %d of %d after %d", file, done, total, last)
		}
		last = done
	}
	for range 2 {
		must.Do(t, f.set(t.Context(), one(serve(t, m)), dir))
		wantFetched(t, dir)
	}
	if last != 10000 || m.asked() != "f.gz" {
		t.Errorf("progress ended at %d; asked %q, want one request", last, m.asked())
	}
}

// TestCut: a download that was cut goes on.
func TestCut(t *testing.T) {
	for name, c := range map[string]struct {
		*mirror
		want string
	}{
		"resumed":     {&mirror{}, "f.gz, f.gz bytes=4000-, f.gz bytes=8000-"},
		"no range":    {&mirror{noRange: true}, "f.gz, f.gz bytes=4000-, f.gz bytes=4000-"},
		"five pieces": {&mirror{}, "f.gz, f.gz bytes=2100-, f.gz bytes=4200-, f.gz bytes=6300-, f.gz bytes=8400-"},
	} {
		c.files = map[string][]byte{"f.gz": fetched}
		c.cut = 4000
		c.cuts.Store(2)
		if name == "five pieces" {
			c.cut = 2100
			c.cuts.Store(4)
		}
		dir := t.TempDir()
		if err := quiet().set(t.Context(), one(serve(t, c.mirror)), dir); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantFetched(t, dir)
		if c.asked() != c.want {
			t.Errorf("%s: asked %q, want %q", name, c.asked(), c.want)
		}
	}
}

// TestInterruptedFetch: what an ended fetch leaves is used by the next, and never taken for the file.
func TestInterruptedFetch(t *testing.T) {
	m := &mirror{files: map[string][]byte{"f.gz": fetched}, cut: 4000, hold: make(chan struct{})}
	m.cuts.Store(1)
	address, dir := serve(t, m), t.TempDir()
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	f := quiet()
	f.progress = func(_ string, done, _ int64) {
		if done == 4000 {
			cancel(why)
		}
	}
	if err := f.set(ctx, one(address), dir); !errors.Is(err, why) {
		t.Errorf("interrupted: %v", err)
	}
	wantFiles(t, dir, "f.gz.part")

	m.hold = nil
	must.Do(t, quiet().set(t.Context(), one(address), dir))
	wantFetched(t, dir)
	if want := "f.gz, f.gz bytes=4000-"; m.asked() != want {
		t.Errorf("asked %q, want %q", m.asked(), want)
	}
}

// TestChanged: a partial file that turns out to belong to another file is fetched anew, and so is one that is too long.
func TestChanged(t *testing.T) {
	for name, c := range map[string]struct{ part, want string }{
		"another file":      {"garbage", "f.gz bytes=7-, f.gz"},
		"too long":          {strings.Repeat("x", 10001), "f.gz"},
		"the whole":         {string(fetched), ""},
		"another whole one": {strings.Repeat("x", 10000), "f.gz"},
	} {
		m := &mirror{files: map[string][]byte{"f.gz": fetched}}
		address, dir := serve(t, m), t.TempDir()
		put(t, dir, "f.gz.part", []byte(c.part))
		if err := quiet().set(t.Context(), one(address), dir); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantFetched(t, dir)
		if m.asked() != c.want {
			t.Errorf("%s: asked %q, want %q", name, m.asked(), c.want)
		}
	}
}

// TestUnsatisfiable: a server that will not go on, or goes on elsewhere, is asked for the whole.
func TestUnsatisfiable(t *testing.T) {
	for status, contentRange := range map[int]string{416: "", 206: "bytes 0-9999/10000"} {
		whole := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" {
				w.Header().Set("Content-Range", contentRange)
				w.WriteHeader(status)
				return
			}
			whole++
			w.Write(fetched)
		}))
		dir := t.TempDir()
		put(t, dir, "f.gz.part", []byte("0123"))
		if err := quiet().set(t.Context(), one(s.URL), dir); err != nil || whole != 1 {
			t.Errorf("%d: %v, %d whole requests", status, err, whole)
		} else {
			wantFetched(t, dir)
		}
		s.Close()
	}
}

// TestWrong: what is not the publisher's file is not kept, and every mirror is asked.
func TestWrong(t *testing.T) {
	corrupt := bytes.Clone(fetched)
	corrupt[5000] ^= 1
	bad := serve(t, &mirror{files: map[string][]byte{"f.gz": corrupt}})
	none := serve(t, &mirror{})
	long := serve(t, &mirror{files: map[string][]byte{"f.gz": append(bytes.Clone(fetched), 1)}})
	short := serve(t, &mirror{files: map[string][]byte{"f.gz": fetched[:9999]}})
	dir := t.TempDir()
	err := quiet().set(t.Context(), one(bad, none, long, short), dir)
	wantIn(t, "four bad mirrors", err, bad+"f.gz: MD5 "+md5Of(corrupt)+", want "+md5Of(fetched),
		none+"f.gz: answers 404 Not Found", "more than the 10000 bytes", "ended after 9999 bytes, want 10000")
	wantFiles(t, dir, "f.gz.part") // the short one's, which might have gone on
	good := serve(t, &mirror{files: map[string][]byte{"f.gz": fetched}})
	if err := quiet().set(t.Context(), one(none, bad, good), dir); err != nil {
		t.Error(err)
	}
	wantFetched(t, dir)
	put(t, dir, "f.gz", corrupt) // a file that is damaged by now
	if err := quiet().set(t.Context(), one(good), dir); err != nil {
		t.Error(err)
	}
	wantFetched(t, dir)
	alone := t.TempDir()
	wantIn(t, "a corrupt file", quiet().set(t.Context(), one(bad), alone), "MD5")
	wantFiles(t, alone)
}

func TestStall(t *testing.T) {
	m := &mirror{files: map[string][]byte{"f.gz": fetched}, cut: 1, hold: make(chan struct{})}
	f := quiet()
	f.stall = 50 * time.Millisecond
	err := f.from(t.Context(), serve(t, m)+"f.gz", one().files[0], filepath.Join(t.TempDir(), "f.gz"))
	wantIn(t, "a server that falls silent", err, "sent nothing for 50ms")
}

// TestSlow: a server may take its time, as long as something comes.
func TestSlow(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for k := range 10 {
			w.Write(fetched[1000*k:][:1000])
			w.(http.Flusher).Flush()
			time.Sleep(60 * time.Millisecond)
		}
	}))
	defer s.Close()
	f, dir := quiet(), t.TempDir()
	f.stall = 400 * time.Millisecond
	if err := f.set(t.Context(), one(s.URL), dir); err != nil {
		t.Error(err)
	}
	wantFetched(t, dir)
}

// TestEncoding: a server may not pack, for the way, what is to come as it is.
func TestEncoding(t *testing.T) {
	packed := zipped(t, fetched)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
		}
		w.Write(packed)
	}))
	defer s.Close()
	set, dir := one(s.URL), t.TempDir()
	set.files[0].size, set.files[0].md5 = int64(len(packed)), md5Of(packed)
	if err := quiet().set(t.Context(), set, dir); err != nil {
		t.Error(err)
	}
	wantFiles(t, dir, "f.gz")
}

// TestTwoFetches: one fetches, the other waits and finds the file there; a third gives up waiting.
func TestTwoFetches(t *testing.T) {
	m := &mirror{files: map[string][]byte{"f.gz": fetched}}
	address, dir := serve(t, m), t.TempDir()
	arrived, gone := make(chan struct{}), make(chan struct{})
	var once sync.Once
	f := quiet()
	f.progress = func(string, int64, int64) {
		once.Do(func() {
			close(arrived)
			<-gone
		})
	}
	errs := make(chan error, 2)
	go func() { errs <- f.set(context.Background(), one(address), dir) }()
	<-arrived
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := quiet().set(ctx, one(address), dir)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("beside another: %v", err)
	}
	wantIn(t, "beside another", err, "waiting for another", dir)
	go func() { errs <- quiet().set(context.Background(), one(address), dir) }()
	close(gone)
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	wantFetched(t, dir)
	if m.asked() != "f.gz" {
		t.Errorf("asked %q, want one request", m.asked())
	}
}

func TestFetchByName(t *testing.T) {
	cache := elsewhere(t)
	_, err := Fetch(t.Context(), "cifar", "", FetchOptions{})
	if !errors.Is(err, ErrNoData) {
		t.Errorf("an unknown name: %v", err)
	}
	m := &mirror{files: map[string][]byte{"train-images-idx3-ubyte.gz": make([]byte, 9912422)}}
	seen := int64(0)
	_, err = Fetch(t.Context(), "mnist", "", FetchOptions{Mirrors: []string{serve(t, m)}, Progress: func(_ string, done, _ int64) { seen = done }})
	wantIn(t, "nine million zeros", err, "fetching mnist: ", "want f68b3c2dcbeaaa9fbdd348bbdeb94873")
	if seen != 9912422 {
		t.Errorf("progress ended at %d", seen)
	}
	wantFiles(t, filepath.Join(cache, "hebb", "data", "mnist"))
}
