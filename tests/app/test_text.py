"""Names from outside are shown as they are."""

from seg.app.text import ordinal, plain


def test_markdown_in_a_file_name_is_escaped_and_ordinary_names_stay_readable():
    assert plain("![x](http://example.org/a.png).jpg") == r"!\[x\](http:/\/example.org/a.png).jpg".replace(r"/\/", "//")
    assert plain("**bold** :red[x] `code` $y$") == r"\*\*bold\*\* \:red\[x\] \`code\` \$y\$"
    assert plain("street 07.png: is empty & dark") == "street 07.png: is empty & dark"


def test_a_name_of_several_lines_starts_no_heading_and_an_entity_stays_as_it_is():
    assert plain("apple\n# plum") == "apple # plum"
    assert plain("&lt;b&#62; & c") == r"\&lt;b\&#62; & c"


def test_places_in_a_line_are_words_up_to_the_tenth():
    said = [ordinal(number) for number in (1, 3, 10, 11, 12, 13, 21, 22, 23, 111, 112)]
    assert said == ["first", "third", "tenth", "11th", "12th", "13th", "21st", "22nd", "23rd", "111th", "112th"]
