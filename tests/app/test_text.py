"""Names from outside are shown as they are."""

from seg.app.text import plain


def test_markdown_in_a_file_name_is_escaped_and_ordinary_names_stay_readable():
    assert plain("![x](http://example.org/a.png).jpg") == r"!\[x\](http:/\/example.org/a.png).jpg".replace(r"/\/", "//")
    assert plain("**bold** :red[x] `code` $y$") == r"\*\*bold\*\* \:red\[x\] \`code\` \$y\$"
    assert plain("street 07.png: is empty") == "street 07.png: is empty"
