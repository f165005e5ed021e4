package raptclient

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// end is the error of whatever follows the reply's one value.
func (d *decoding) end() error {
	if _, err := d.dec.ReadToken(); err != io.EOF {
		return &bodyProblem{problem: BodyNotJSON, detail: fmt.Sprintf("more follows at byte %d", d.dec.InputOffset())}
	}
	return nil
}

// syntax tells a body that was cut off from one that is not JSON.
func (d *decoding) syntax(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &bodyProblem{problem: BodyCut, detail: fmt.Sprintf("it ends within its data at byte %d", d.dec.InputOffset())}
	}
	return &bodyProblem{problem: BodyNotJSON, detail: fmt.Sprintf("it breaks at byte %d", d.dec.InputOffset())}
}

// unexpected tells why a body doesn't begin as it should.
func (d *decoding) unexpected(want string) error {
	k := d.dec.PeekKind()
	if err := d.dec.SkipValue(); err == io.EOF {
		return &bodyProblem{problem: BodyEmpty}
	} else if err != nil {
		return d.syntax(err)
	}
	if err := d.end(); err != nil {
		return err
	}
	return &bodyProblem{problem: BodyUnexpected, detail: kindName(k) + " instead of " + want}
}

// kindNames are the kinds of JSON values as a person calls them.
var kindNames = map[jsontext.Kind]string{
	'n': "null", 't': "true or false", 'f': "true or false", '"': "a string", '0': "a number", '{': "an object", '[': "a list",
}

func kindName(k jsontext.Kind) string {
	if name, ok := kindNames[k]; ok {
		return name
	}
	return "nothing"
}
