"""Chinese surnames: the common ones, and how those are read that dictionaries read otherwise."""

SINGLE = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧肖程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎闫余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛"
    "温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查"
    "屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆"
    "党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌"
    "银扬明沙薄伏岑习胥保和蔺云尚农别庾晁幸阚宿鹿国於隗厉麻芮羿储汲邴弓牧山鄂索赫皮卿裘缪干利师敬党訾冉芦佘佴那朴区逄尉"
)
_COMPOUND = """
    欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔
    申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正
    宰父 谷梁 拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 梁丘 左丘 东门 西门 南荣 第五 完颜 纳兰
"""
COMPOUND = frozenset(_COMPOUND.split())
# The readings as a surname, the usual one first; the dictionary's own reading is kept as one more.
_READINGS = """
    单:shan 曾:zeng 查:zha 仇:qiu 解:xie 任:ren 华:hua 朴:piao 区:ou 盖:ge/gai 尉:wei/yu 乐:yue/le 翟:zhai/di
    缪:miao 覃:qin/tan 尹:yin 宓:mi/fu 冼:xian 召:shao 种:chong 重:chong 秘:bi 繁:po 折:she 员:yun 祭:zhai
    郇:xun/huan 洗:xian 黑:he 牟:mou/mu 薄:bo 柏:bai 隗:wei/kui 万:wan 宁:ning 晟:cheng 逄:pang 殷:yin 那:na
    鲍:bao 谌:chen/shen 句:gou 佴:nai 车:che 葛:ge 纪:ji 燕:yan 应:ying 令:ling 哈:ha 曲:qu 相:xiang 宿:su
    贾:jia 石:shi 沈:shen 瞿:qu 佘:she 卜:bu
"""
READINGS: dict[str, tuple[str, ...]] = {entry[0]: tuple(entry[2:].split("/")) for entry in _READINGS.split()}
COMPOUND_READINGS: dict[str, tuple[str, str]] = {
    "万俟": ("mo", "qi"),
    "尉迟": ("yu", "chi"),
    "长孙": ("zhang", "sun"),
    "单于": ("chan", "yu"),
    "澹台": ("tan", "tai"),
    "令狐": ("ling", "hu"),
    "夏侯": ("xia", "hou"),
    "乐正": ("yue", "zheng"),
}
# Characters of given names that are read in two ways about as often.
GIVEN_READINGS: dict[str, tuple[str, ...]] = {
    "乐": ("le", "yue"),
    "茜": ("qian", "xi"),
    "长": ("chang", "zhang"),
    "行": ("xing", "hang"),
    "重": ("zhong", "chong"),
    "朝": ("chao", "zhao"),
    "晟": ("sheng", "cheng"),
    "莘": ("xin", "shen"),
    "曾": ("zeng", "ceng"),
    "传": ("chuan", "zhuan"),
    "藏": ("cang", "zang"),
    "调": ("tiao", "diao"),
    "柏": ("bai", "bo"),
}
# Characters that the dictionary reads in a way names never have, or not at all.
CORRECTIONS: dict[str, str] = {"卜": "bu", "𠮷": "ji"}
