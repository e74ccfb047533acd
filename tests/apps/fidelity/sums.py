"""Adds up, without importing anything."""


def total(numbers):
    result = 0
    for number in numbers:
        result += number
    return result


if __name__ == "__main__":
    print(total([1, 2]), total(range(5)))
