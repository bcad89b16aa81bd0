"""The plain text of an email that has HTML only."""

import pytest

from notifications.channels.plain_text import plain_text

LAYOUT = """<!doctype html><html lang="en"><head><title>T</title><style>p { color: red }</style></head><body>
<div style="display: none">A preheader</div>
<table role="presentation"><tr><td>
  <h1>Good   news</h1>
  <p>Dear Ada,<br>it is ready.</p>



  <table class="facts">
    <tr><th scope="row">When</th><td>Monday<br>9:30 to 10:15</td></tr>
    <tr><th scope="row">Treatment</th><td>Oil &amp; steam</td></tr>
  </table>
  <ul><li>one</li><li>two</li></ul>
  <table role="presentation"><tr><td><a href="https://example.org/go?a=1&amp;b=2"><b>See</b> it</a></td></tr></table>
</td></tr></table></body></html>"""


def test_a_whole_email_reads_well() -> None:
    assert plain_text(LAYOUT).split("\n") == [
        "Good news",
        "",
        "Dear Ada,",
        "it is ready.",
        "",
        "When       Monday",
        "           9:30 to 10:15",
        "Treatment  Oil & steam",
        "",
        "  * one",
        "  * two",
        "See it: https://example.org/go?a=1&b=2",
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<p><a href="https://example.org/">Home</a></p>', "Home: https://example.org/"),
        ('<p>Go <a href="https://example.org/">home</a>.</p>', "Go home (https://example.org/)."),
        (
            '<p><a href="https://e.org/">a</a> <a href="https://f.org/">b</a></p>',
            "a (https://e.org/) b (https://f.org/)",
        ),
        ('<p><a href="https://example.org/">https://example.org/</a></p>', "https://example.org/"),
        ('<p>See <a href="https://example.org">example.org</a></p>', "See https://example.org"),
        ('<p>Go <a href="https://example.org/"><img src="x" alt="home"></a></p>', "Go home (https://example.org/)"),
        ('<p><a href="https://example.org/"></a></p>', "https://example.org/"),
        ('<p>Write to <a href="mailto:a@example.org">us</a></p>', "Write to us"),
        ('<p><a name="top">Top</a> <a href="#top">up</a></p>', "Top up"),
        ("Only text", "Only text"),
        ("<p>1 &lt; 2</p>", "1 < 2"),
    ],
)
def test_the_address_of_a_link_is_shown(html: str, text: str) -> None:
    assert plain_text(html) == text
