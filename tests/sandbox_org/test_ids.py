import pytest

from sandbox_org import ids

RECORDED = [
    "0014S000007NxmlQAC",
    "0014S000007Nx5BQAS",
    "00Q4S000002sSacUAE",
    "0014S000007Ny26QAC",
    "0TO4S000000GuXcWAK",
    "0015500001QdQWaAAN",
    "0015c00002Lz9mUAAR",
    "0054S000000JFmhQAG",
    "0011Y00003HVMu4QAH",
    "005i00000016PdaAAE",
    "750Tn000004ZoR3IAK",
    "0050900000Bf63SAAR",
    "0128M0000004HVOQA2",
]


@pytest.mark.parametrize("recorded", RECORDED)
def test_the_checksum_of_a_recorded_id_is_the_recorded_one(recorded):
    assert ids.with_checksum(recorded[:15]) == recorded


@pytest.mark.parametrize("recorded", RECORDED)
def test_both_lengths_of_an_id_mean_the_same(recorded):
    assert ids.normalise(recorded[:15]) == ids.normalise(recorded) == recorded


@pytest.mark.parametrize("text", ["", "00Q", "00Q4S000002sSacUAA", "00Q4S000002sSac!AE", "00Q4S000002sSacUAEx"])
def test_what_is_no_id_is_told_from_one(text):
    assert ids.normalise(text) is None


@pytest.mark.parametrize("number", [0, 1, 61, 62, 4_000_000_000])
def test_an_id_leads_back_to_its_number(number):
    made = ids.make_id("00Q", number)

    assert made.startswith("00Q")
    assert ids.normalise(made) == made
    assert ids.number_of(made) == number


def test_an_id_of_another_org_has_no_number_here():
    assert ids.number_of("00Q4S000002sSacUAE") is None
