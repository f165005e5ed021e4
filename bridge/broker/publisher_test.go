package broker

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatAConnectionBreaksUnderComesBackOnce: a broker that ends the connection because of the message isn't sent it for
// ever.
func TestWhatAConnectionBreaksUnderComesBackOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answersPublish: func(connection int) bool { return connection > 1 }}
		c, events := connectTo(t, s)
		defer closed(c)
		require.Equal(t, []EventKind{Up}, events())

		p := Publication{Topic: "result", Payload: []byte("applied"), Keep: true}
		for connection, what := range []string{"at first", "again"} {
			c.Out <- p
			synctest.Wait()
			s.conns[connection].Close()
			var back []Publication
			var kinds []EventKind
			for end := time.After(answerTimeout + 5*time.Second); ; {
				select {
				case e := <-c.Events:
					kinds = append(kinds, e.Kind)
					if e.Kind == Undelivered {
						back = append(back, e.Undelivered)
					}
					continue
				case <-end:
				}
				break
			}
			assert.Contains(t, kinds, Up, what)
			if connection == 1 {
				assert.Empty(t, back, what)
				break
			}
			require.Len(t, back, 1, what)
			p = back[0]
			assert.Equal(t, "result", p.Topic)
			assert.Equal(t, "applied", string(p.Payload))
		}
		assert.Equal(t, []string{"result", "result"}, s.published)
	})
}

// TestAStateThatDoesNotArriveDoesNotComeBack: all of them are published anew on the next connection.
func TestAStateThatDoesNotArriveDoesNotComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answersPublish: func(int) bool { return false }}
		c, events := connectTo(t, s)
		defer closed(c)
		require.Equal(t, []EventKind{Up}, events())
		c.Out <- Publication{Topic: "state", Payload: []byte("{}"), Retain: true}
		synctest.Wait()
		s.conns[0].Close()
		time.Sleep(answerTimeout + 5*time.Second)
		assert.ElementsMatch(t, []EventKind{Down, Up}, events())
	})
}

// TestWhatFindsNoConnectionComesBackUntilThereIsOne: nothing of it can have reached the broker.
func TestWhatFindsNoConnectionComesBackUntilThereIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		c, events := connectTo(t, s)
		defer closed(c)
		require.Equal(t, []EventKind{Up}, events())
		s.conns[0].Close()
		synctest.Wait()
		began, times := time.Now(), 0
		for p := (Publication{Topic: "result", Keep: true}); ; times++ {
			c.Out <- p
			time.Sleep(2 * retryAfter)
			if synctest.Wait(); len(s.published) > 0 {
				break
			}
			back := false
			for !back {
				e := <-c.Events
				back, p = e.Kind == Undelivered, e.Undelivered
			}
		}
		assert.Greater(t, time.Since(began), shortestReconnect/2, "after the next connection")
		assert.Greater(t, times, 2)
	})
}
