package bridge

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// maxText is the longest state that Home Assistant accepts, in characters.
const maxText = 255

type (
	number = raptclient.Null[float64]
	flag   = raptclient.Null[bool]
	text   = raptclient.Null[string]
	moment = raptclient.Null[time.Time]
)

var null = []byte("null")

// appendNumber writes v rounded to so many decimals, or null for what JSON can't hold.
func appendNumber(b []byte, v number, decimals int) []byte {
	if !v.Valid || math.IsNaN(v.V) || math.IsInf(v.V, 0) {
		return append(b, null...)
	}
	return strconv.AppendFloat(b, rounded(v.V, decimals), 'f', -1, 64)
}

// rounded is v to so many decimals; never the negative zero, which would be published as "-0".
func rounded(v float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	r := math.Round(v*scale) / scale
	if math.IsInf(r, 0) || math.IsNaN(r) {
		return v
	}
	return r + 0
}

func appendFlag(b []byte, v flag) []byte {
	if !v.Valid {
		return append(b, null...)
	}
	return strconv.AppendBool(b, v.V)
}

// appendText writes v trimmed and no longer than Home Assistant accepts; blank is null.
func appendText(b []byte, v text) []byte {
	s := shortened(v.V)
	if !v.Valid || s == "" {
		return append(b, null...)
	}
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

func shortened(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= maxText {
		return s
	}
	runes := []rune(s)
	if len(runes) <= maxText {
		return s
	}
	return string(runes[:maxText-1]) + "…"
}

func appendMoment(b []byte, v moment) []byte {
	if !v.Valid || v.V.IsZero() {
		return append(b, null...)
	}
	b = append(b, '"')
	b = v.V.UTC().Truncate(time.Second).AppendFormat(b, time.RFC3339)
	return append(b, '"')
}

// within is v where it can be true, else unknown.
func within(v number, low, high float64) number {
	if !v.Valid || !(v.V >= low && v.V <= high) {
		return number{}
	}
	return v
}

// celsius accepts what a brewery's sensor can measure. Beyond it lie the readings of a broken or missing one.
func celsius(v number) number { return within(v, -50, 200) }

func percent(v number) number { return within(v, 0, 100) }

// specificGravity brings the API's SG x 1000 to SG. Out of liquid a hydrometer's gravity spikes: only 0.900 to 1.200
// is a plausible reading (observed).
func specificGravity(v number) number {
	return within(number{V: v.V / 1000, Valid: v.Valid}, 0.9, 1.2)
}

// sessionGravity is the same for a profile's original and final gravity, whose scale is not known: SG is taken too.
func sessionGravity(v number) number {
	if sg := within(v, 0.9, 1.2); sg.Valid {
		return sg
	}
	return specificGravity(v)
}

// plato is the extract in °P for a gravity in SG, by the usual cubic.
func plato(sg number) number {
	if !sg.Valid {
		return number{}
	}
	s := sg.V
	return raptclient.Some(135.997*s*s*s - 630.272*s*s + 1111.14*s - 616.868)
}

// alcohol is the ABV in percent from the original gravity and the gravity now, both SG.
func alcohol(og, sg number) number {
	if !og.Valid || !sg.Valid || sg.V > og.V {
		return number{}
	}
	return raptclient.Some((og.V - sg.V) * 131.25)
}

// attenuation is the apparent attenuation in percent; there is none where nothing was there to ferment.
func attenuation(og, sg number) number {
	if !og.Valid || !sg.Valid || og.V <= 1 || sg.V > og.V {
		return number{}
	}
	return raptclient.Some((og.V - sg.V) / (og.V - 1) * 100)
}

// connected reads the connection state without regard to case; other words than these two have been expected.
func connected(v text) bool { return v.Valid && strings.EqualFold(strings.TrimSpace(v.V), "connected") }
