"""`seg adopt`: what is written, what is printed, and the exit status where another input is better."""

import json

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from seg.catalogue.store import WeightIndex
from seg.cli import main
from seg.datasets import DATASETS
from seg.models import build_model
from tests.cli.test_cli import refused, run
from tests.elsewhere import FRUIT, fruit, write_fruit


@pytest.fixture
def network(tmp_path):
    """The tensors of a conv stack that has learned nothing."""
    torch.manual_seed(0)
    network = build_model("conv_stack", 3, base=4).eval()
    save_file(network.state_dict(), tmp_path / "stack.safetensors")
    return tmp_path / "stack.safetensors"


def adopt(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main.app, ["adopt", *map(str, words)])
    return result.exit_code, result.stdout, result.stderr


def test_a_state_dict_becomes_a_set_that_the_other_commands_know(network, tmp_path):
    out = tmp_path / "out"
    (tmp_path / "dataset.toml").write_text(
        'name = "orchard"\nclasses = ["ground", "apple", {id = 5, name = "pear", colour = "#12ab34"}]\n'
    )
    words = ("--arch", "conv_stack", "--classes", tmp_path / "dataset.toml", "--size", 64)
    said = run("adopt", network, "--name", "orchard/stack", "--out", out, *words)
    assert said.startswith("orchard/stack from the state dict stack.safetensors: ")
    record = WeightIndex(out).record("orchard/stack")
    assert record.class_map.names == FRUIT
    assert record.class_map.colours[2] == (0x12, 0xAB, 0x34)
    assert json.loads(run("weights", "--json", "--verify", "--weights-dir", out))[0]["source"] == record.source
    write_fruit(tmp_path / "data", 2)
    scores = run("evaluate", "--weights", "orchard/stack", "--data", tmp_path / "data", "--weights-dir", out)
    assert "mean_dice" in scores or "Dice" in scores


def test_names_and_numbers_may_be_listed_and_a_known_data_set_named(network, tmp_path):
    common = ("adopt", network, "--out", tmp_path / "out", "--arch", "conv_stack", "--size", 64)
    words = ("--class-names", "ground,apple,pear", "--mean", "1,2,3", "--std", "4,5,6", "--scale-255")
    run(*common, "--name", "orchard/a", *words)
    record = WeightIndex(tmp_path / "out").record("orchard/a")
    assert record.mean == pytest.approx((1 / 255, 2 / 255, 3 / 255))
    assert record.std == pytest.approx((4 / 255, 5 / 255, 6 / 255))
    save_file(build_model("conv_stack", 11, base=4).state_dict(), network)
    run(*common, "--name", "street/a", "--classes", "street", "--bgr")
    record = WeightIndex(tmp_path / "out").record("street/a")
    assert record.class_map.names == DATASETS["street"].class_map.names
    assert (record.channel_order, record.mean) == ("bgr", (0.406, 0.456, 0.485))


def test_a_better_input_is_asked_about_with_exit_status_2_unless_forced(tmp_path, capsys, monkeypatch):
    torch.manual_seed(0)
    network = build_model("conv_stack", 3, base=4)
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    for seed in range(40):
        sample = fruit(seed)
        picture = torch.from_numpy(sample.image).permute(2, 0, 1)[None].float() - 100
        loss = torch.nn.functional.cross_entropy(network(picture), torch.from_numpy(sample.labels)[None].long())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    save_file(network.eval().state_dict(), tmp_path / "stack.safetensors")
    write_fruit(tmp_path / "data", 3)
    words = ["adopt", tmp_path / "stack.safetensors", "--name", "orchard/stack", "--out", tmp_path / "out"]
    words += ["--arch", "conv_stack", "--class-names", "ground,apple,pear", "--data", tmp_path / "data"]
    monkeypatch.setattr("sys.argv", ["seg", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        main.run()
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert stop.value.code == 2
    assert ": sure? Name the better one by --" in said
    assert not (tmp_path / "out").exists()
    assert "mean Dice" in run(*words, "--force")
    assert WeightIndex(tmp_path / "out").record("orchard/stack").validation.images == 3


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--class-names", "a,b"), "tells 3 classes apart, and 2 are named (a, b)"),
        (("--class-names", "a,b,c", "--classes", "street"), "--classes and --class-names exclude each other."),
        (("--classes", "nowhere.toml"), "nowhere.toml"),
        (("--mean", "a,b,c"), "'a,b,c' are no numbers with commas between"),
        (("--mean", "0,0,0"), "Mean and std belong together: name both."),
        (("--data", "nowhere"), "nowhere is"),
    ],
)
def test_what_cannot_be_is_one_sentence(network, tmp_path, capsys, monkeypatch, words, sentence):
    common = ("adopt", network, "--out", tmp_path / "out", "--arch", "conv_stack", "--name", "orchard/a")
    assert sentence in refused(capsys, monkeypatch, *common, *words)
    assert not (tmp_path / "out").exists()
