package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hebb/nets/data"
)

func TestDataList(t *testing.T) {
	t.Chdir(t.TempDir()) // ./data is one of the places
	if err := os.MkdirAll(filepath.Join("data", "kmnist"), 0o777); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join("data", "kmnist"), "train-images-idx3-ubyte", make([]byte, 1500))
	put(t, filepath.Join("data", "kmnist"), "train-labels-idx1-ubyte", make([]byte, 500))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	status, out, stderr := hebb(t, "data", "list", "--format", "json")
	var all []place
	if err := json.Unmarshal([]byte(out), &all); err != nil || status != 0 {
		t.Fatalf("status %d, %s, %v:\n%s", status, stderr, err, out)
	}
	if len(all) != len(data.Names()) {
		t.Errorf("%d data sets, want %v", len(all), data.Names())
	}
	for _, p := range all {
		if (p.Folder == "") == (p.Missing == "") || p.Folder != "" && p.Bytes == 0 {
			t.Errorf("%+v, want a folder or a reason", p)
		}
		if p.Name == "kmnist" && !strings.HasPrefix(p.Folder, "/usr/share") && (p.Bytes != 2000 || p.Folder != filepath.Join("data", "kmnist")) {
			t.Errorf("kmnist: %+v", p)
		}
	}
	status, out, _ = hebb(t, "data", "list")
	for _, want := range append(data.Names(), "where") {
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("status %d, the list lacks %q:\n%s", status, want, out)
		}
	}
}

func TestDataInfo(t *testing.T) {
	set := images(t, 205)
	status, out, stderr := hebb(t, "data", "info", set, "--holdout", "0.2", "--format", "json")
	var i inspection
	if err := json.Unmarshal([]byte(out), &i); err != nil || status != 0 {
		t.Fatalf("status %d, %s, %v:\n%s", status, stderr, err, out)
	}
	if i.Height != 6 || i.Width != 5 || i.Channels != 1 || i.Train != 165 || i.Test != 40 || i.Values != "bytes" || len(i.Classes) != 10 ||
		i.Classes[4] != (classCount{"4", 17, 4}) || i.Classes[5] != (classCount{"5", 16, 4}) || !(i.Mean[0] > 0.4 && i.Mean[0] < 0.7) || !(i.SD[0] > 0.05) {
		t.Errorf("%+v", i)
	}
	status, out, _ = hebb(t, "data", "info", set)
	for _, want := range []string{"6×5×1, bytes: 205 to train on, 0 to test, in 10 classes", "mean", "sd", "class  train  test\n0         21     0\n"} {
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("status %d, the table lacks %q:\n%s", status, want, out)
		}
	}
}

// colours are images of two classes in a folder each: left half red or blue, right half black.
func colours(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, c := range map[string]color.RGBA{"blue": {0, 0, 255, 255}, "red": {255, 0, 0, 255}} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
		m := image.NewRGBA(image.Rect(0, 0, 8, 8))
		for i := range 64 {
			m.SetRGBA(i%8, i/8, color.RGBA{A: 255})
			if i%8 < 4 {
				m.SetRGBA(i%8, i/8, c)
			}
		}
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		for k := range 3 {
			put(t, filepath.Join(dir, name), fmt.Sprint(k, ".png"), b.Bytes())
		}
	}
	return dir
}

// TestDataNotes: hebb data, train and eval print which examples are left out; a limit of sorted data takes examples of all
// classes; and eval matches the classes of other data with the network's by name.
func TestDataNotes(t *testing.T) {
	dir, other, run := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "run")
	for k := range 4 {
		for i := range 9 {
			m := image.NewGray(image.Rect(0, 0, 2, 2))
			m.Pix[k] = byte(200 + i)
			var b bytes.Buffer
			if err := png.Encode(&b, m); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(dir, "train", fmt.Sprint(k)), fmt.Sprint(i, ".png"), b.Bytes())
			put(t, filepath.Join(dir, "val", fmt.Sprint(k)), fmt.Sprint(i, ".png"), b.Bytes())
			if k > 1 {
				put(t, filepath.Join(other, fmt.Sprint(k)), fmt.Sprint(i, ".png"), b.Bytes())
			}
		}
	}
	wantIn := func(out string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%q is not in\n%s", w, out)
			}
		}
	}
	_, out, _ := hebb(t, "data", "info", dir)
	wantIn(out, "note      "+filepath.Join(dir, "val")+" is the test part")
	status, out, stderr := hebb(t, "train", "--data", dir, "--net", "mlp:4-16-4", "--batch", "9", "--epochs", "60", "--limit", "20", "--test-limit", "8",
		"--backend", "cpu", "--lr", "0.1", "--out", run)
	if status != 0 {
		t.Fatal(stderr)
	}
	wantIn(stderr, "hebb: data: "+filepath.Join(dir, "val")+" is the test part")
	wantIn(out, "limit     20 examples drawn evenly from all classes to train on", "limit     8 examples drawn evenly from all classes to test",
		"left out  2 examples an epoch, others each, too few for a batch of 9")
	_, out, _ = hebb(t, "eval", run, "--backend", "cpu", "--part", "train") // 20 of them, as it was trained
	wantIn(out, "accuracy  100.00 %, 20 of 20")
	_, out, _ = hebb(t, "eval", run, "--backend", "cpu", "--data", other, "--part", "train")
	wantIn(out, "accuracy  100.00 %, 18 of 18")
	_, _, stderr = hebb(t, "eval", run, "--resize", "2x2")
	wantIn(stderr, "without --data")
	_, _, stderr = hebb(t, "train", "--data", dir, "--resize", "2")
	wantIn(stderr, `resize "2", want HEIGHTxWIDTH`)
}

// TestDataShow: each class has a row of its images, in their colours, and beside each what training sees of it.
func TestDataShow(t *testing.T) {
	set, file := colours(t), filepath.Join(t.TempDir(), "sheet.png")
	open := func(args ...string) image.Image {
		t.Helper()
		status, out, stderr := hebb(t, append([]string{"data", "show", set, "--out", file}, args...)...)
		if status != 0 || !strings.Contains(out, "2 classes from the top: blue, red") {
			t.Fatalf("status %d, %s%s", status, out, stderr)
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		m, err := png.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := open("--examples", "2")
	size := m.Bounds().Size()
	at := func(x, y float64) color.RGBA {
		return color.RGBAModel.Convert(m.At(int(x*float64(size.X)), int(y*float64(size.Y)))).(color.RGBA)
	}
	black := color.RGBA{A: 255}
	for _, c := range []struct {
		x, y float64
		want color.RGBA
	}{
		{0.1, 0.25, color.RGBA{B: 255, A: 255}}, {0.4, 0.25, black}, {0.6, 0.25, color.RGBA{B: 255, A: 255}},
		{0.1, 0.75, color.RGBA{R: 255, A: 255}}, {0.9, 0.75, black},
	} {
		if got := at(c.x, c.y); got != c.want {
			t.Errorf("at %g, %g: %v, want %v", c.x, c.y, got, c.want)
		}
	}
	// A flipped image has its colour on the right; with this seed some are flipped and some are not.
	m = open("--examples", "3", "--flip", "--seed", "3")
	size = m.Bounds().Size()
	flipped := map[color.RGBA]int{}
	for k := range 3 {
		flipped[at((float64(k)+0.55)/3, 0.75)]++ // a little into the second view
	}
	if len(flipped) != 2 || flipped[black] == 0 || flipped[color.RGBA{R: 255, A: 255}] == 0 {
		t.Errorf("the left of the second views: %v", flipped)
	}
}

func TestDataRefusals(t *testing.T) {
	set := images(t, 20)
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"lsit"}, 2, "fetch, info, list, show"},
		{[]string{"list", "mnist"}, 2, "flags only"},
		{[]string{"info"}, 2, "fashion-mnist, mnist"},
		{[]string{"info", "mnits"}, 2, "fashion-mnist, mnist"},
		{[]string{"info", set, set}, 2, "wants one of"},
		{[]string{"info", set, "--holdout", "2"}, 2, "to hold out"},
		{[]string{"info", t.TempDir()}, 2, "train-images-idx3-ubyte"},
		{[]string{"fetch"}, 2, "wants some of fashion-mnist"},
		{[]string{"fetch", "mnits"}, 2, `"mnits", want some of fashion-mnist`},
		{[]string{"fetch", "mnist", "kmnist", "--dir", t.TempDir()}, 2, "same names"},
		{[]string{"show", set, "--out", "x.jpg"}, 2, ".png"},
		{[]string{"show", set, "--out", filepath.Join(set, "none", "x.png")}, 2, "cannot be written"},
		{[]string{"show", set, "--out", filepath.Join(set, "x.png"), "--part", "test"}, 2, "no test part"},
		{[]string{"show", set, "--out", filepath.Join(set, "x.png"), "--examples", "0"}, 2, "--examples 0"},
		{[]string{"show", set, "--out", filepath.Join(set, "x.png"), "--resize", "0x0"}, 2, `resize "0x0"`},
		{[]string{"show", set, "--out", filepath.Join(set, "x.png"), "--examples", "9000000"}, 2, "fewer --examples"},
		{[]string{"show", set, "--out", filepath.Join(set, "x.png"), "--crop", "-1"}, 2, "Pad is -1"},
		{[]string{"show", set, "--out", filepath.Join(set, "x.png"), "--cutout", "99"}, 2, "Cutout is 99"},
	} {
		status, out, stderr := hebb(t, append([]string{"data"}, c.args...)...)
		if status != c.status || out != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("data %v: status %d, stdout %q, stderr %q, want %d and %q", c.args, status, out, stderr, c.status, c.want)
		}
	}
	if left, _ := os.ReadDir(set); len(left) != 2 {
		t.Errorf("what was refused left %v", left)
	}
	if status, out, _ := hebb(t, "data"); status != 0 || !strings.Contains(out, "fetch") {
		t.Errorf("hebb data: status %d\n%s", status, out)
	}
}

// TestDataFetchStopped: what has come is kept, the message says how to go on, and the next fetch asks for the rest
// alone.
func TestDataFetchStopped(t *testing.T) {
	const part = 4096
	asked := make(chan string, 8)
	stop, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Range")
		w.Header().Set("ETag", `"one"`)
		w.Header().Set("Content-Length", "9912422")
		w.Write(make([]byte, part))
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	kept := filepath.Join(dir, "train-images-idx3-ubyte.gz.part")
	fetch := func(ctx context.Context) (int, string) {
		var out, stderr bytes.Buffer
		status := run(ctx, []string{"data", "fetch", "mnist", "--dir", dir, "--mirror", server.URL}, &out, &stderr)
		return status, stderr.String()
	}
	go func() { // Ctrl-C once something has come
		for stop.Err() == nil {
			if info, err := os.Stat(kept); err == nil && info.Size() == part {
				cancel()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	status, stderr := fetch(stop)
	if status != 130 || !strings.Contains(stderr, "stopped") || !strings.Contains(stderr, "hebb data fetch mnist --dir "+dir) {
		t.Errorf("status %d, %q", status, stderr)
	}
	if info, err := os.Stat(kept); err != nil || info.Size() != part {
		t.Errorf("what has come: %v, %v, want %d bytes", info, err, part)
	}
	if r := <-asked; r != "" {
		t.Errorf("the first request is for %q, want all", r)
	}
	again, cancelAgain := context.WithCancel(t.Context())
	go func() {
		if r := <-asked; r != fmt.Sprintf("bytes=%d-", part) {
			t.Errorf("the second request is for %q, want what follows %d bytes", r, part)
		}
		cancelAgain()
	}()
	if status, stderr := fetch(again); status != 130 {
		t.Errorf("again: status %d, %q", status, stderr)
	}
}

// TestDataFetchFails: what a server says is passed on, with its address.
func TestDataFetchFails(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	status, out, stderr := hebb(t, "data", "fetch", "mnist", "--dir", t.TempDir(), "--mirror", server.URL)
	if status != 1 || out != "" || !strings.Contains(stderr, "404") || !strings.Contains(stderr, server.URL) {
		t.Errorf("status %d, %q, %q", status, out, stderr)
	}
}

// TestDataFetch: each set is fetched, and its folder named.
func TestDataFetch(t *testing.T) {
	var got []string
	r := fetchRun{mirrors: []string{"http://here"}, fetch: func(_ context.Context, name, dir string, o data.FetchOptions) (string, error) {
		got = append(got, name+" "+dir+" "+o.Mirrors[0])
		o.Progress("file", 1, 2)
		o.Progress("file", 2, 2)
		return "cache/" + name, nil
	}}
	var out, stderr bytes.Buffer
	if err := r.run(t.Context(), []string{"mnist", "cifar10"}, &out, &stderr); err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, ",") != "mnist  http://here,cifar10  http://here" || out.String() != "fetched   mnist, into cache/mnist\nfetched   cifar10, into cache/cifar10\n" || stderr.Len() > 0 {
		t.Errorf("fetched %q: %q, %q", got, out.String(), stderr.String())
	}
}
