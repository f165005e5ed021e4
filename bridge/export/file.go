package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// Format is how rows are written.
type Format string

// The formats.
const (
	CSV   Format = "csv"   // a header, then a row a line; a value that is unknown is empty
	JSONL Format = "jsonl" // a JSON object a line
)

// Writer writes the rows of devices.
type Writer struct {
	out     io.Writer
	format  Format
	columns []string
	named   bool // each row names its device
}

// NewWriter writes to out the rows of the families, with columns that name the device of each when named is set. A CSV
// begins with its header unless it goes on.
func NewWriter(out io.Writer, format Format, families []*device.Family, named, goesOn bool) (*Writer, error) {
	w := &Writer{out: out, format: format, named: named}
	if named {
		w.columns = []string{"family", "id", "name"}
	}
	w.columns = append(w.columns, "at", "row")
	for _, f := range families {
		for _, key := range f.TelemetryKeys() {
			if !slices.Contains(w.columns, key) {
				w.columns = append(w.columns, key)
			}
		}
	}
	if format == CSV && !goesOn {
		return w, w.line(w.columns)
	}
	return w, nil
}

// Write writes rows of a device.
func (w *Writer) Write(f *device.Family, id, name string, rows []device.Telemetry) error {
	for _, row := range rows {
		if err := w.row(f, id, name, row); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) row(f *device.Family, id, name string, row device.Telemetry) error {
	own := map[string]string{
		"family": string(f.Name), "id": id, "name": name, "at": row.At.UTC().Format(time.RFC3339Nano), "row": row.Row,
	}
	if w.format == CSV {
		fields := make([]string, len(w.columns))
		for i, column := range w.columns {
			value, ok := own[column]
			if !ok {
				value = row.Format(column)
			}
			fields[i] = value
		}
		return w.line(fields)
	}
	line := []byte("{")
	if w.named {
		for _, column := range w.columns[:3] {
			quoted, _ := json.Marshal(own[column])
			line = fmt.Appendf(line, "%q:%s,", column, quoted)
		}
	}
	line = append(line, bytes.Replace(row.AppendJSON(nil, true), []byte(`,"backfilled":true`), nil, 1)[1:]...)
	_, err := w.out.Write(append(line, '\n'))
	return err
}

func (w *Writer) line(fields []string) error {
	c := csv.NewWriter(w.out)
	_ = c.Write(fields) // it reports at Error
	c.Flush()
	return c.Error()
}

// Held is what a file has already.
type Held struct {
	First, Until time.Time // of its first and its last row; zero for none
	last         string    // the last row as it is written
}

// Open opens the file of a device, to go on where it ends. until is the time of its last row, zero for a new file. A line
// that was not written to its end is cut off. A file with other columns is an error, and so is one with rows that mayGoOn refuses;
// such a file is left as it is.
func Open(path string, format Format, f *device.Family, mayGoOn func(Held) error) (file *os.File, w *Writer, until time.Time, err error) {
	file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, nil, until, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, nil, until, err
	}
	if !isExport(content, format, f) {
		return nil, nil, until, fmt.Errorf("%s: %w", path, errNotOurs)
	}
	content = content[:bytes.LastIndexByte(content, '\n')+1]
	held, err := heldIn(content, format)
	if err == nil && !held.Until.IsZero() {
		err = mayGoOn(held)
	}
	if err != nil {
		return nil, nil, until, fmt.Errorf("%s: %w", path, err)
	}
	until = held.Until
	if err = file.Truncate(int64(len(content))); err != nil {
		return nil, nil, until, err
	}
	if _, err = file.Seek(int64(len(content)), io.SeekStart); err != nil {
		return nil, nil, until, err
	}
	w, err = NewWriter(file, format, []*device.Family{f}, false, len(content) > 0)
	return file, w, until, err
}

var errNotOurs = errors.New("it is there already and is not an export of this device's kind in this format; move it away or choose another --output")

// isExport reports whether a file begins as an export of the family does, as far as it was written.
func isExport(content []byte, format Format, f *device.Family) bool {
	begins := `{"at":"`
	if format == CSV {
		begins = strings.Join(append([]string{"at", "row"}, f.TelemetryKeys()...), ",") + "\n"
	}
	n := min(len(content), len(begins))
	return string(content[:n]) == begins[:n]
}

// heldIn is what a file has, of which the last line is whole.
func heldIn(content []byte, format Format) (h Held, err error) {
	lines := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	if format == CSV {
		lines = lines[1:] // the header
	}
	if len(content) == 0 || len(lines) == 0 {
		return h, nil
	}
	h.last = lines[len(lines)-1]
	if h.First, err = rowTime(lines[0], format); err != nil {
		return h, err
	}
	h.Until, err = rowTime(h.last, format)
	return h, err
}

// rowTime is the time of a row as it is written.
func rowTime(line string, format Format) (time.Time, error) {
	var row struct {
		At time.Time `json:"at"`
	}
	if format == JSONL {
		if json.Unmarshal([]byte(line), &row) != nil || row.At.IsZero() {
			return row.At, errNotOurs
		}
		return row.At, nil
	}
	at, _, _ := strings.Cut(line, ",")
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return t, errNotOurs
	}
	return t, nil
}
