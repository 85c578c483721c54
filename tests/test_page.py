"""The HTML and the folder that the tour and `compare` share."""

from types import SimpleNamespace

import pytest

from losses import page


def test_text_is_escaped_everywhere():
    picture = SimpleNamespace(file="a.png", alt='x < "y"', caption="p & q")
    shown = page.document("a < b", page.html_figures([picture]) + page.html_table([["<i>"], ["&"]]))
    assert "<title>a &lt; b</title>" in shown and "<h1>a &lt; b</h1>" in shown
    assert 'alt="x &lt; &quot;y&quot;"' in shown and "p &amp; q" in shown
    assert "<th>&lt;i&gt;</th>" in shown and "<td>&amp;</td>" in shown


def test_the_first_row_of_a_table_is_its_header():
    assert page.html_table([["a", "b"], ["1", "2"], ["3", "4"]]) == (
        "<table><tr><th>a</th><th>b</th></tr>\n<tr><td>1</td><td>2</td>\n<tr><td>3</td><td>4</td>\n"
        "</table>")


def test_a_missing_folder_is_made(tmp_path):
    assert page.writable(tmp_path / "a" / "b").is_dir()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "taken").write_text("here")
    with pytest.raises(ValueError, match="cannot write to the folder .*taken"):
        page.writable(tmp_path / "taken")
