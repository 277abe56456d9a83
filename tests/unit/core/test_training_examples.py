"""How the files of an archive become examples, and what is refused, by name."""

from dataclasses import asdict

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.records import decode
from lamina.core.tasks import TASKS, TaskKind, TrainTask
from lamina.core.training import Group, caption_for, check_references, filled, group_names, trained_model

PAIR = ["a_start.png", "a_end.png"]


def test_pairs_with_and_without_captions_in_folders_and_with_litter() -> None:
    names = [
        "set/b_END.JPG",
        "set/b_start.jpeg",
        "set/b.txt",
        "set/a_start.png",
        "set/a_end.webp",
        "__MACOSX/set/._a_start.png",
        "set/.DS_Store",
        "Thumbs.db",
    ]
    assert group_names(names, is_layered=False) == [
        Group("set/a", ("set/a_start.png",), ("set/a_end.webp",), None),
        Group("set/b", ("set/b_start.jpeg",), ("set/b_END.JPG",), "set/b.txt"),
    ]


def test_references_and_layers_are_in_the_order_of_their_numbers() -> None:
    (edit,) = group_names(["x_end.png", *(f"x_start{n}.png" for n in range(2, 11)), "x_start.png"], is_layered=False)
    assert edit.starts == ("x_start.png", *(f"x_start{n}.png" for n in range(2, 11)))
    (layered,) = group_names(["x_start.jpg", "x_end.png", "x_end2.webp", "x_end3.png"], is_layered=True)
    assert layered.ends == ("x_end.png", "x_end2.webp", "x_end3.png")


@pytest.mark.parametrize(
    ("names", "is_layered", "named"),
    [
        ([], False, "no examples"),
        (["a_start.png"], False, "a_start.png"),
        (["a_end.png"], False, "a_end.png"),
        ([*PAIR, "b_start.png"], True, "b_start.png"),
        ([*PAIR, "notes.pdf"], False, "notes.pdf"),
        ([*PAIR, "cover.png"], False, "cover.png"),
        ([*PAIR, "b.txt"], False, "b.txt"),
        ([*PAIR, "a_start3.png"], False, "a_start3.png"),
        ([*PAIR, "a_start0.png"], False, "a_start0.png"),
        ([*PAIR, "a_start.jpg"], False, "a_start.png"),
        ([*PAIR, "a_end2.png"], False, "a_end2.png"),
        ([*PAIR, "a_start2.png"], True, "a_start2.png"),
        ([*PAIR, "b_start.png", "b_start2.png", "b_end.png"], False, "b_start2.png"),
        ([*PAIR, "b_start.png", "b_end.png", "b_end2.png"], True, "b_end2.png"),
        (["a_start.png", "a_end.jpg"], True, "a_end.jpg"),
        (["a_end.png", "a_start.png", *(f"a_start{n}.png" for n in range(2, 12))], False, "a_start11.png"),
        (["a_start.png", "a_end.png", *(f"a_end{n}.png" for n in range(2, 10))], True, "a_end9.png"),
        ([*PAIR, "_start.png"], False, "_start.png"),
    ],
)
def test_a_fault_is_told_with_the_file_that_has_it(names: list[str], is_layered: bool, named: str) -> None:
    with pytest.raises(LaminaError) as refused:
        group_names(names, is_layered)
    assert refused.value.code is ErrorCode.TASK_INVALID
    assert named in refused.value.message
    assert refused.value.hint


def test_a_caption_is_its_own_or_the_default_or_an_error_that_names_the_picture() -> None:
    (group,) = group_names([*PAIR, "a.txt"], is_layered=False)
    assert caption_for(group, " make it\nred ", "default") == "make it red"
    assert caption_for(group, "\n", "default") == "default"
    with pytest.raises(LaminaError, match=r"a_start\.png.*a\.txt is empty"):
        caption_for(group, "", " ")
    (bare,) = group_names(PAIR, is_layered=False)
    with pytest.raises(LaminaError, match=r"there is no a\.txt"):
        caption_for(bare, "", "")


def test_another_number_of_references_than_said_is_refused() -> None:
    groups = group_names(PAIR, is_layered=False)
    check_references(groups, 1)
    check_references(groups, None)
    with pytest.raises(LaminaError, match=r"a_start\.png.*1 reference of .* says 2 references"):
        check_references(groups, 2)


@pytest.mark.parametrize(
    ("name", "model", "kind"),
    [
        (None, "qwen-image-edit-2511", TaskKind.EDIT),
        ("qwen-image-edit-plus", "qwen-image-edit-2509", TaskKind.EDIT),
        ("qwen-image-layered", "qwen-image-layered", TaskKind.DECOMPOSE),
        ("nano", "nano", TaskKind.EDIT),
    ],
)
def test_what_is_learnt_follows_from_the_model(name: str | None, model: str, kind: TaskKind) -> None:
    found, learnt = trained_model(name)
    assert (found.name, learnt) == (model, kind)


def test_a_model_that_is_not_trained_is_refused_with_those_that_are() -> None:
    with pytest.raises(LaminaError, match="qwen-image-edit-2511"):
        trained_model("qwen-image")


def test_defaults_are_those_of_the_well_known_trainers() -> None:
    task = filled(TrainTask(rank=32))
    assert (task.steps, task.learning_rate, task.rank, task.alpha) == (1000, 1e-4, 32, 32.0)
    assert (task.caption_dropout, task.resolution_px, task.checkpoint_every) == (0.05, 1024, 100)
    assert filled(TrainTask(learning_rate=0.0, caption_dropout=0.0)).learning_rate == 0
    assert filled(TrainTask("qwen-image-layered")).resolution_px == 640


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"learning_rate": 1.5},
        {"rank": 129},
        {"alpha": 0.0},
        {"seed": -1},
        {"references": 11},
        {"caption_dropout": 1.1},
        {"resolution_px": 32},
        {"checkpoint_every": 0},
    ],
)
def test_what_is_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(LaminaError) as refused:
        TrainTask(**wrong)  # pyright: ignore[reportArgumentType]
    assert refused.value.code is ErrorCode.TASK_INVALID


def test_layers_are_learnt_at_the_sizes_at_which_the_model_takes_pictures_apart() -> None:
    with pytest.raises(LaminaError, match="640 or 1024"):
        filled(TrainTask("qwen-image-layered", resolution_px=800))


def test_a_task_survives_its_record() -> None:
    task = TrainTask("nano", 10, 1e-3, 4, 8.0, 7, "make it red", 2, 0.1, 512, 50)
    assert decode(TASKS[TaskKind.TRAIN], asdict(task)) == task
