package export

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// futureRow puts a row of 2099 into every answer.
type futureRow struct{ http.RoundTripper }

func (f futureRow) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := f.RoundTripper.RoundTrip(r)
	if err != nil || !strings.Contains(r.URL.Path, "GetTelemetry") {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if rows, ok := bytes.CutSuffix(bytes.TrimSpace(body), []byte("}]")); ok {
		body = append(rows, []byte(`},{"createdOn":"2099-01-01T00:00:00Z","gravity":1050}]`)...)
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Del("Content-Length")
	return resp, err
}

func TestARowOfTheFutureLosesNoOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, s := cloudOf(t, raptsim.Options{Telemetry: raptsim.Telemetry{Past: 90 * 24 * time.Hour}, KeepReports: 100_000})
		client, err := raptclient.New(raptclient.Options{
			APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: futureRow{cloud.Transport()},
		})
		require.NoError(t, err)
		s.Client = client
		rows := s.all(t, time.Now().AddDate(0, 0, -100), time.Now())
		assert.Len(t, rows, len(cloud.Reports(s.ID)))
		assert.False(t, rows[len(rows)-1].At.After(time.Now()))
	})
}
