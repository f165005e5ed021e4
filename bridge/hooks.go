package bridge

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/webhook"
)

// webhookKey is the key of the bridge's topic that takes what RAPT's webhooks say.
const webhookKey = "webhook"

// onWebhook takes the body of a webhook that somebody has handed to the broker.
func (b *bridge) onWebhook(r command.Request) {
	hints := webhook.Parse(r.Payload)
	if len(hints) == 0 || r.Retained {
		b.warnOnce("webhook", "a message on %s is retained or names no device; it should be what RAPT's webhook sends, see DOCS.md", b.mqtt.topics.BridgeCommand(webhookKey))
		return
	}
	b.onHints(hints, r.At)
}

// onHints makes the families of devices due of which a webhook says that there is news. Devices that the account doesn't
// have are passed over.
func (b *bridge) onHints(hints []webhook.Hint, now time.Time) {
	for _, h := range hints {
		d := b.account.Device(h.ID)
		if d == nil {
			b.log.Debug("a webhook names a device that is not in the RAPT account", slog.String("id", h.ID))
			continue
		}
		b.page.Hooked(b.clock.Wall())
		d.Hook.Hint(now, h.Row, d.Estimator.LastReading())
		b.account.Plan(d.Group, now)
	}
}

// refreshDevice has the family of one device asked for at once, within the limits, and says what happens.
func (b *bridge) refreshDevice(id string, now time.Time) (string, error) {
	d := b.account.Device(strings.ToLower(id))
	if d == nil {
		return "", errors.New("accepted is PRESS, or the id of a device in the RAPT account")
	}
	d.Group.Refresh = true
	b.account.Plan(d.Group, now)
	if at := d.Group.Turn.At; at.After(now) { // after a failure
		return fmt.Sprintf("The list of the family %s failed; it is asked for again at %s.", d.Family, b.clock.Text(at)), nil
	}
	return b.account.RefreshText(now, d.Group), nil
}
