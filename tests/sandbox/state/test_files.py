"""The room for uploaded files."""

from sandbox.state.files import FileStore


def test_the_oldest_files_are_lost_when_there_is_no_room() -> None:
    """The bytes kept never exceed the room, and forgotten ones make room again."""
    files = FileStore(capacity_bytes=10)
    for number in range(3):
        files.keep(number, b"1234")
    assert [files.find(number) for number in range(3)] == [None, b"1234", b"1234"]
    files.forget(1)
    files.forget(1)
    files.keep(3, b"123456")
    assert list(files) == [2, 3]
