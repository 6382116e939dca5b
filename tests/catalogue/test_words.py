"""Names in words: told apart, short where there is little room, on lines."""

from seg.catalogue.words import in_lines, told_apart, without_shared

UNET, FCN = "U-Net, from ImageNet, weighted cross-entropy", "FCN-8s, from ImageNet, weighted cross-entropy"


def test_where_several_have_the_same_words_each_says_its_name_too():
    assert told_apart({"a/unet": UNET, "b/unet": UNET, "fcn": FCN}) == {
        "a/unet": f"{UNET} (a/unet)",
        "b/unet": f"{UNET} (b/unet)",
        "fcn": FCN,
    }


def test_what_all_say_is_left_out_where_there_is_little_room():
    assert without_shared([UNET, FCN]) == ["U-Net", "FCN-8s"]
    assert without_shared([UNET]) == [UNET]
    assert without_shared([UNET, f"{UNET}, bilinear"]) == ["U-Net", "U-Net, bilinear"]


def test_a_long_name_is_broken_at_its_commas():
    assert in_lines(UNET, 24) == ["U-Net, from ImageNet", "weighted cross-entropy"]
    assert in_lines(UNET, 10) == ["U-Net", "from ImageNet", "weighted cross-entropy"]
    assert in_lines(UNET, 99) == [UNET]
