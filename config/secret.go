package config

import (
	"fmt"
	"io"
	"log/slog"
	"unique"

	"github.com/rapt-bridge/rapt-bridge/raptclient/redact"
)

// Secret is a text that must not be seen: an API secret or a password. It prints as REDACTED by every verb of fmt, in
// JSON, YAML, text and slog, and as nothing at all when it is empty, so that a log still tells whether one is set. Only
// [Secret.Reveal] gives the text away.
//
// Secrets of the same text are equal by ==.
type Secret struct {
	// A handle instead of a string: fmt calls no methods on the unexported fields of a struct, so a string here would be
	// printed by %v of any struct that holds a Secret in an unexported field. A handle prints as an address.
	text unique.Handle[string]
}

// NewSecret makes a secret of a text. The empty text gives the zero Secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{unique.Make(text)}
}

// Reveal gives the text itself, for the one place that sends it.
func (s Secret) Reveal() string {
	if s.Empty() {
		return ""
	}
	return s.text.Value()
}

// Empty tells whether there is no secret.
func (s Secret) Empty() bool { return s == Secret{} }

// String gives REDACTED, or nothing when the secret is empty.
func (s Secret) String() string {
	if s.Empty() {
		return ""
	}
	return redact.Mark
}

// Format prints [Secret.String] whatever the verb and its flags are.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// GoString gives [Secret.String].
func (s Secret) GoString() string { return s.String() }

// LogValue gives [Secret.String] to slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText gives [Secret.String]; encoding/json and encoding/xml use it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON gives [Secret.String] as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// MarshalYAML gives [Secret.String] as a YAML string.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// UnmarshalText takes the text of the secret; it is how a configuration is decoded.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}
