"""No user's URL leads into the network behind Lamina: each is refused before the resolver or the connector sends."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from loopback_web import PUBLIC, PUBLIC_V6, Names, Wire

from lamina.core.errors import ErrorCode, LaminaError
from lamina.fetch.addresses import is_allowed
from lamina.fetch.fetcher import Fetcher
from lamina.fetch.targets import parse_target
from waiting import completed


def words(text: str) -> list[str]:
    return text.split()


PRIVATE_V4 = words("""
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.1.2.3 127.255.255.255
    169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1
    192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250
    240.0.0.1 255.255.255.255 100.100.100.200 168.63.129.16
""")
PRIVATE_V6 = words("""
    :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:7f00:1 ::ffff:8.8.8.8
    ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::10.0.0.1 64:ff9b:1::8.8.8.8
    100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1::
    2002:a00:1::1 2002:a9fe:a9fe:: 3fff::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254 fd12:3456:789a::1 fe80::1
    fe80::a9fe:a9fe fec0::1 ff02::1 ff0e::1 4000::1
""")
ODD_FORMS = words("""
    http://2130706433/ http://0177.0.0.1/ http://017700000001/ http://0x7f000001/ http://0x7f.0.0.1/
    http://0x7f.1/ http://127.1/ http://127.0.1/ http://0/ http://0x/ http://1.2.3.4.5/ http://256.256.256.256/
    http://127.0.0.0x1/ http://08.8.8.8/ http://3232235521/ http://4294967297/ http://127.0.0.1./
    http://127.0.0.1../ http://１２７.0.0.1/ http://127。0。0。1/ http://①②⑦.⓪.⓪.①/ http://2852039166/
    http://0251.0376.0251.0376/ http://0xa9fea9fe/ http://[fe80::1%25eth0]/ http://[fe80::1%eth0]/
    http://[::1%251]/ http://[::1]:80/ http://[0:0:0:0:0:0:0:1]/ http://[::FFFF:127.0.0.1]/ http://[v1.fe80::1]/
    http://[127.0.0.1]/ http://[::1 http://::1/ http://[]/ http://%31%32%37.0.0.1/ http://127%2e0.0.1/
    http://pictures.example%00.evil.example/ http://pictures.example%2f/ http://user@pictures.example/
    http://user:secret@pictures.example/ http://pictures.example@127.0.0.1/ http://@127.0.0.1/
    http://127.0.0.1:80@pictures.example/ http://pictures.example\\@127.0.0.1/
    http://pictures.example\\.evil.example/ http:\\\\127.0.0.1\\ http:///127.0.0.1/ http:127.0.0.1 http://?x
    http://#x http:// http://./ http://..pictures.example/ http://pictures..example/ http://-a.example/
    http://a$b.example/ http://pictures.example:0/ http://pictures.example:65536/ http://pictures.example:http/
    http://pictures.example:-80/ file:///etc/passwd ftp://pictures.example/ gopher://127.0.0.1:25/x
    dict://127.0.0.1:11211/ ws://pictures.example/ javascript:alert(1) //pictures.example/
    pictures.example/a.png data:,x http://pictures.example＠127.0.0.1/ http://pictures.example／x/
    https://169.254.169.254/latest/meta-data/ http://[fd00:ec2::254]/latest/ http://169.254.169.254:80/
    http://100.100.100.200/latest/meta-data/
""")
ODD_CHARACTERS = [
    "",
    "http://pictures.example/a b",
    "http://pictures.example/a\tb",
    "http://pictures.example/a\nb",
    "http://pictures.example/\r\nHost: x",
    "http://127.0.0.1\t.pictures.example/",
    "http://pictures.example\x00.evil.example/",
    "http://pictures.example/" + "a" * 9000,
]


def refuse(url: str, to: Path, names: Names, wire: Wire, *, allow_private_urls: bool = False) -> LaminaError:
    fetcher = Fetcher(allow_private_urls, resolver=names, connector=wire)
    with pytest.raises(LaminaError) as fetching:
        completed(fetcher.fetch(url, to))
    with pytest.raises(LaminaError) as posting:
        completed(fetcher.send("POST", url, b"{}", {}, timeout_s=5))
    assert fetching.value.code == posting.value.code
    assert wire.asked == []
    assert not to.exists()
    return fetching.value


@pytest.mark.parametrize("url", ODD_FORMS + ODD_CHARACTERS)
def test_an_address_in_an_odd_form_is_refused_unasked(tmp_path: Path, url: str) -> None:
    names, wire = Names({"pictures.example": [PUBLIC]}), Wire()
    assert refuse(url, tmp_path / "a", names, wire).code == ErrorCode.ADDRESS_REFUSED
    assert names.asked == []


@pytest.mark.parametrize("address", PRIVATE_V4 + PRIVATE_V6)
def test_a_private_address_is_refused_as_it_stands(tmp_path: Path, address: str) -> None:
    names, wire = Names(), Wire()
    host = f"[{address}]" if ":" in address else address
    for url in (f"http://{host}/", f"https://{host}:8443/a.png?x=1"):
        assert refuse(url, tmp_path / "a", names, wire).code == ErrorCode.ADDRESS_REFUSED
    assert names.asked == []


@pytest.mark.parametrize("address", [*PRIVATE_V4, *PRIVATE_V6, "fe80::1%eth0", "not an address"])
def test_a_name_with_a_private_address_is_refused(tmp_path: Path, address: str) -> None:
    for answer in ([address], [PUBLIC, address], [address, PUBLIC], [PUBLIC_V6, PUBLIC, address]):
        names = Names({"trap.example": answer})
        refused = refuse("http://trap.example/a.png", tmp_path / "a", names, Wire())
        assert refused.code == ErrorCode.ADDRESS_REFUSED
        assert names.asked == ["trap.example"] * 2
        assert "trap.example" in refused.message
        assert address not in str(refused)


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("localhost", "localhost"),
        ("LOCALHOST.", "localhost"),
        ("metadata.google.internal", "metadata.google.internal"),
        ("metadata", "metadata"),
        ("instance-data", "instance-data"),
        ("127.0.0.1.nip.example", "127.0.0.1.nip.example"),
        ("ｌocalhost", "localhost"),
        ("Ⓛocalhost", "localhost"),
        ("intern_al.example", "intern_al.example"),
    ],
)
def test_a_name_of_this_network_is_refused_by_what_it_leads_to(tmp_path: Path, host: str, asked: str) -> None:
    names = Names({asked: ["127.0.0.1" if asked == "localhost" else "169.254.169.254"]})
    assert refuse(f"http://{host}/", tmp_path / "a", names, Wire()).code == ErrorCode.ADDRESS_REFUSED
    assert names.asked == [asked, asked]


def test_a_name_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    refused = refuse("http://nowhere.example/", tmp_path / "a", Names(), Wire())
    assert refused.code == ErrorCode.ADDRESS_UNREACHABLE
    assert "nowhere.example" in refused.message


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "[64:ff9b::169.254.169.254]", "168.63.129.16"],
)
def test_the_clouds_credentials_stay_out_of_reach_even_where_private_addresses_are_allowed(
    tmp_path: Path, address: str
) -> None:
    refused = refuse(f"http://{address}/", tmp_path / "a", Names(), Wire(), allow_private_urls=True)
    assert refused.code == ErrorCode.ADDRESS_REFUSED


@pytest.mark.parametrize(
    "address",
    words("""
    1.1.1.1 8.8.8.8 93.184.216.34 172.15.0.1 172.32.0.1 100.63.255.255 100.128.0.1 169.253.0.1 192.167.0.1
    223.255.255.255 2606:4700::1111 2a00:1450:4001:81b::200e 2001:4860:4860::8888 2400:cb00::1 64:ff9b::8.8.8.8
    """),
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(ip_address(address))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "fd12::1", "::ffff:192.168.1.1"])
def test_private_addresses_are_allowed_by_the_setting_alone(address: str) -> None:
    assert is_allowed(ip_address(address), allow_private=True)
    assert not is_allowed(ip_address(address))


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("HTTP://Pictures.Example", "http://pictures.example/"),
        (" https://pictures.example:443/a.png#top ", "https://pictures.example/a.png"),
        ("https://pictures.example.:8443?q=1", "https://pictures.example:8443/?q=1"),
        ("http://bücher.example/grün%20blau.png?q=ä", "http://xn--bcher-kva.example/gr%C3%BCn%20blau.png?q=%C3%A4"),
        ("http://[2606:2800:0220:0001::0001]:8080/", "http://[2606:2800:220:1::1]:8080/"),
        ("http://93.184.216.34/a/../b", "http://93.184.216.34/a/../b"),
    ],
)
def test_an_ordinary_address_is_read_as_it_is_meant(url: str, read: str) -> None:
    assert parse_target(url).url == read


@pytest.mark.parametrize("url", ["http://user:secret@pictures.example/?key=secret", "ftp://h/?key=secret#secret"])
def test_an_error_does_not_repeat_secrets(url: str) -> None:
    with pytest.raises(LaminaError) as caught:
        parse_target(url)
    assert "secret" not in str(caught.value)
