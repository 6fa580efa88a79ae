"""Regions: what a cell names, what an address begins with, and a table that holds together."""

from collections import Counter

import pytest

from cim import divisions


def test_the_table_holds_together() -> None:
    table = divisions.load()
    levels = Counter(row.level for row in table.values())
    assert levels["area"] == 8
    assert levels["province"] == 34
    assert levels["city"] > 333
    assert levels["district"] > 2800
    assert all((row.parent in table) == (row.level != "area") for row in table.values())
    above = {"province": {"area"}, "city": {"province"}, "district": {"city", "province"}}
    assert all(table[row.parent].level in above[row.level] for row in table.values() if row.parent)
    assert {row.status for row in table.values()} == {"current", "former", "zone"}


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("广东省深圳市", "广东省深圳市"),
        ("深圳", "广东省深圳市"),
        ("广东-深圳", "广东省深圳市"),
        ("广东省/深圳市/南山区", "广东省深圳市"),
        ("江苏省", "江苏省"),
        ("北京市", "北京市"),
        ("北京朝阳区", "北京市"),
        ("华东", "华东"),
        ("华东地区", "华东"),
        ("吉林", "吉林省"),
        ("吉林市", "吉林省吉林市"),
        ("臺灣省", "台湾省"),
        ("香港", "香港特别行政区"),
        ("昆山", "江苏省苏州市"),
        ("仙桃市", "湖北省仙桃市"),
        ("重庆市渝北区", "重庆市"),
    ],
)
def test_a_region_cell_is_found(cell: str, name: str) -> None:
    code = divisions.find(cell)
    assert code is not None
    assert divisions.full_name(code) == name


@pytest.mark.parametrize("cell", ["", "朝阳区", "朝阳", "鼓楼区", "全国", "深圳市南山区科技路1号", "江北区"])
def test_a_cell_that_names_no_single_region_gives_none(cell: str) -> None:
    assert divisions.find(cell) is None


@pytest.mark.parametrize(
    ("address", "province", "city", "district", "rest"),
    [
        ("广东省深圳市龙岗区科技路556号26栋", "广东省", "深圳市", "龙岗区", "科技路556号26栋"),
        ("陕西省西安雁塔区建设路659号", "陕西省", "西安市", "雁塔区", "建设路659号"),
        ("余杭区文一西路969号", "浙江省", "杭州市", "余杭区", "文一西路969号"),
        ("杭州市临平区迎宾路", "浙江省", "杭州市", "临平区", "迎宾路"),
        ("北京市西城區黃河路287號", "北京市", "北京市", "西城区", "黄河路287号"),
        ("北京市市辖区东城区", "北京市", "北京市", "东城区", ""),
        ("沈阳市和平路1号", "辽宁省", "沈阳市", "", "和平路1号"),
        ("沈阳市和平区和平北大街1号", "辽宁省", "沈阳市", "和平区", "和平北大街1号"),
        ("吉林省吉林市船营区", "吉林省", "吉林市", "船营区", ""),
        ("海南州共和县", "青海省", "海南藏族自治州", "共和县", ""),
        ("成都市高新区光明路978号", "四川省", "成都市", "", "高新区光明路978号"),
        ("上海浦东新区世纪大道100号", "上海市", "上海市", "浦东新区", "世纪大道100号"),
        ("重庆市渝北区新华路878号", "重庆市", "重庆市", "渝北区", "新华路878号"),
        ("湖北仙桃市仙桃大道", "湖北省", "仙桃市", "", "仙桃大道"),
        ("江苏省苏州工业园区星湖街328号", "江苏省", "苏州市", "苏州工业园区", "星湖街328号"),
        ("广东东莞市长安镇", "广东省", "东莞市", "", "长安镇"),
        ("江苏省南通市海门区", "江苏省", "南通市", "海门区", ""),
        ("浙江义乌市稠城街道", "浙江省", "金华市", "义乌市", "稠城街道"),
        ("香港特别行政区中环皇后大道", "香港特别行政区", "", "", "中环皇后大道"),
    ],
)
def test_an_address_is_read(address: str, province: str, city: str, district: str, rest: str) -> None:
    place = divisions.parse(address)
    assert place is not None
    assert (place.province_name, place.city_name, place.district_name, place.rest) == (province, city, district, rest)
    assert divisions.load()[place.area].level == "area"
    assert place.region == (place.city or place.province)


@pytest.mark.parametrize("address", ["", "北京路350号17栋", "朝阳区建国路88号", "随便写的"])
def test_an_address_without_a_clear_place_gives_none(address: str) -> None:
    assert divisions.parse(address) is None


def test_names_and_lineage() -> None:
    assert divisions.lineage("440304") == ("south", "440000", "440300", "440304")
    assert divisions.lineage("000000") == ()
    assert divisions.full_name("east") == "华东"
    assert divisions.name_of("") == ""
    assert divisions.short_name("广西壮族自治区") == "广西"
    assert divisions.short_name("延边朝鲜族自治州") == "延边"
    assert divisions.leading_place("深圳市华为") == ("深圳", 3)
    assert divisions.leading_place("华为") is None
