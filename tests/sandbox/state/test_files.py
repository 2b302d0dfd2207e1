"""The capacity for uploaded files."""

from sandbox.state.files import FileStore


def test_the_oldest_files_are_evicted_above_the_capacity() -> None:
    """Stored bytes never exceed the capacity, and removed files free theirs."""
    files = FileStore(capacity_bytes=10)
    for number in range(3):
        files.add(number, b"1234")
    assert [files.get(number) for number in range(3)] == [None, b"1234", b"1234"]
    files.remove(1)
    files.remove(1)
    files.add(3, b"123456")
    assert list(files) == [2, 3]
