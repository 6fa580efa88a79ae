"""The one piece of JavaScript: asks the server to set or drop the session cookie, then loads the page anew."""

from __future__ import annotations

import hashlib

import streamlit as st

_SCRIPT = """
const done = new Set();
export default function({data, setTriggerValue}) {
  if (done.has(data.nonce)) return;
  done.add(data.nonce);
  fetch(data.url, {method: 'POST', credentials: 'same-origin', cache: 'no-store',
                   headers: {'content-type': 'application/json', 'x-cim': '1'},
                   body: JSON.stringify({ticket: data.ticket})})
    .then(async answer => {
      await answer.text();
      if (answer.ok) window.location.reload(); else setTriggerValue('failed', answer.status);
    })
    .catch(error => setTriggerValue('failed', String(error)));
}
"""


def post(url: str, *, nonce: str, ticket: str = "") -> bool:
    """Let the browser post once per `nonce` and reload. True when that failed (cookies blocked, ticket too old)."""
    component = st.components.v2.component("cim_session", js=_SCRIPT)
    # Streamlit refuses a key with two underscores in a row, which a random ticket has once in a while
    key = "bridge-" + hashlib.sha256(nonce.encode()).hexdigest()[:16]
    answer = component(data={"url": url, "nonce": nonce, "ticket": ticket}, key=key, on_failed_change=lambda: None)
    return bool(answer.failed)
