/** Every word of the wall's own, in both languages. Names of things come from the vocabulary. */
import type { ShownState } from './freshness';
import type { Lang } from './route';
import type { Picture } from './trust';

const WORDS = {
  title: ['一屏', 'Yiping'],
  cities: ['市', 'cities'],
  counties: ['县', 'counties'],
  stations: ['所', 'stations'],
  dataTime: ['数据时间', 'Data time'],
  newest: ['最新一条', 'Newest fact'],
  ago: ['前', 'ago'],
  catchingUp: ['补录中　已到', 'Catching up, at'],
  timeLeft: ['约剩', 'time left'],
  noneYet: ['尚无数据', 'nothing yet'],
  sources: ['数据源', 'Sources'],
  fresh: ['正常', 'fresh'],
  late: ['迟到', 'late'],
  silent: ['无数据', 'silent'],
  never: ['从未上报', 'never heard'],
  missing: ['缺号', 'missing numbers'],
  unknown: ['未知', 'unknown'],
  lastHour: ['近 1 小时', '/ h'],
  byCity: ['按市', 'by city'],
  byCounty: ['按县', 'by county'],
  byStation: ['按所', 'by station'],
  own: ['本级', 'own unit'],
  perCounty: ['县', 'County'],
  noData: ['无数据', 'no data'],
  day: ['24 时', '24 h'],
  lastDay: ['近 24 小时', 'Last 24 hours'],
  dayBefore: ['此前 24 小时', '24 hours before'],
  bucket: ['每 10 分钟', 'every 10 minutes'],
  movement: ['六要素变动', 'Change of all six'],
  worstFirst: ['最重在前', 'worst first'],
  mostFirst: ['多者在前', 'most first'],
  needLook: ['需要查看的数据源', 'Sources that need a look'],
  allFresh: ['全部数据源正常', 'Every source is fresh'],
  lastReceived: ['最近收到', 'Last received'],
  all: ['全部', 'All'],
  close: ['关闭', 'Close'],
  more: ['更多', 'More'],
  refresh: ['有变化，刷新', 'Changed: refresh'],
  reading: ['读取中', 'Reading'],
  empty: ['没有', 'None'],
  asOf: ['截至', 'As of'],
  since: ['自', 'since'],
  failed: ['读取失败', 'Could not be read'],
  retry: ['重试', 'Try again'],
  outOfScope: ['此令牌看不到这里', 'This token may not see this'],
  timeline: ['时间线', 'Timeline'],
  caseTimeline: ['案件时间线', 'Case timeline'],
  asItWas: ['事实如此', 'As it was'],
  asKnown: ['当时所知', 'As known then'],
  received: ['收到', 'Received'],
  occurred: ['发生', 'Occurred'],
  recorded: ['录入', 'Recorded'],
  source: ['来源', 'Source'],
  sequence: ['序号', 'Sequence'],
  chain: ['前链值', 'Hash before'],
  corrects: ['更正', 'Corrects'],
  slant: ['斜线：发生 → 收到，越斜越迟', 'Slant: occurred → received; the flatter, the later'],
  lateEntry: ['迟', 'late'],
  status: ['状态', 'Status'],
  unit: ['单位', 'Unit'],
  events: ['事件', 'Events'],
  links: ['关联', 'Linked'],
  noTimeline: ['尚无事件', 'No events yet'],
  reconnectIn: ['重连', 'retry in'],
  lastAt: ['数据止于', 'Data ends'],
  replayTrack: ['回放时间轴', 'Replay track'],
  play: ['播放', 'Play'],
  pause: ['暂停', 'Pause'],
  speed: ['倍速', 'Speed'],
  range: ['跨度', 'Range'],
  week: ['7 天', '7 d'],
  backToLive: ['回到实时', 'Back to live'],
  goTo: ['定位', 'Go to'],
  goToMoment: ['输入时刻', 'Go to a moment'],
  historyMoment: ['历史时刻', 'Past moment'],
  knownThen: ['当时所知', 'as known then'],
  bothAxes: ['两轴', 'Both axes'],
  step: ['步', 'step'],
  stepBack: ['上一步', 'Step back'],
  stepOn: ['下一步', 'Step on'],
  thisStep: ['本步', 'This step'],
  noStep: ['此前尚无事件', 'Nothing had happened yet'],
  sixNow: ['此刻六要素', 'The six elements now'],
  sixThen: ['此刻六要素', 'The six elements then'],
  twoClocks: ['两个时钟', 'Two clocks'],
  legalClock: ['法定', 'Legal'],
  areaClock: ['在区', 'In area'],
  outerRing: ['法定时钟 外', 'legal: outer'],
  innerRing: ['在区时钟 内', 'in area: inner'],
  leastLeft: ['在区剩余时间最短', 'Least time left in the area'],
  over: ['超', 'over'],
  left: ['余', 'left'],
  notCounted: ['不计入', 'not counted'],
  notKnown: ['不明', 'not known'],
  notYet: ['此刻尚无所知', 'Not yet known at this moment'],
  class: ['类别', 'Class'],
  correctedBy: ['已被更正', 'Corrected by'],
  hash: ['链值', 'Hash'],
  checked: ['已核', 'checked'],
  broken: ['断裂', 'BROKEN'],
  newestLink: ['最新', 'newest'],
  unusual: ['非常规流转', 'unusual move'],
  exportPdf: ['导出 PDF', 'Export PDF'],
  exportJson: ['导出 JSON', 'Export JSON'],
  zoom: ['范围', 'Zoom'],
  whole: ['全程', 'All'],
  aDay: ['1 天', '1 d'],
  threeHours: ['3 时', '3 h'],
  stay: ['在区全程', 'The stay'],
  custody: ['保管链', 'Custody'],
  dossierLife: ['卷宗全程', 'Life of the dossier'],
  measures: ['措施', 'Measures'],
  documents: ['文书', 'Documents'],
  facts: ['要素信息', 'What is known'],
  officers: ['人经办', 'officers'],
  dueBack: ['应还', 'due back'],
  cutOff: ['已断线', 'Cut off'],
  language: ['EN', '中'],
  languageLabel: ['切换到英文', 'Switch to Chinese'],
  tokenTitle: ['请出示令牌', 'A token, please'],
  tokenHelp: [
    '令牌由 yiping token issue 签发。它只留在这台屏幕上。',
    'Issued by yiping token issue. It stays on this screen only.',
  ],
  tokenField: ['令牌', 'Token'],
  tokenEnter: ['进入', 'Enter'],
  tokenRefused: ['令牌无效或已过期', 'The token is not valid, or has expired'],
  wallRefused: ['令牌已失效', 'Token refused'],
  wallNoToken: ['没有令牌', 'No token'],
  wallHelp: ['请值班员签发新的只读令牌', 'Whoever is on duty has to issue a new read-only token'],
  unreachable: ['连接不上服务，将自动重试', 'The server cannot be reached; trying again'],
  stopped: ['服务拒绝了连接', 'The server refused the connection'],
  map: ['地图', 'Map'],
  place: ['位置', 'Place'],
} as const satisfies Record<string, readonly [zh: string, en: string]>;

export type Word = keyof typeof WORDS;

export function word(lang: Lang, name: Word): string {
  return WORDS[name][lang === 'zh' ? 0 : 1];
}

const PICTURES: Record<Picture, readonly [zh: string, en: string]> = {
  connecting: ['连接中', 'CONNECTING'],
  live: ['实时', 'LIVE'],
  reconnecting: ['重连中', 'RECONNECTING'],
  stale: ['已过期', 'STALE'],
  stopped: ['已停止', 'STOPPED'],
  history: ['历史时刻', 'HISTORY'],
  replay: ['历史回放', 'REPLAY'],
};

export function pictureWord(lang: Lang, picture: Picture): string {
  return PICTURES[picture][lang === 'zh' ? 0 : 1];
}

export function sourceWord(lang: Lang, state: ShownState): string {
  return word(lang, state);
}

/** The 25 classes of facts, for lists of events. */
const FACTS: Record<string, readonly [zh: string, en: string]> = {
  'incident.received': ['接警登记', 'Call received'],
  'incident.dispatched': ['派警与到场', 'Dispatched'],
  'incident.disposed': ['处置反馈', 'Disposed'],
  'incident.verified': ['警情核查与回访', 'Verified'],
  'person.admitted': ['入区登记', 'Admitted'],
  'person.searched': ['人身安全检查', 'Searched'],
  'person.sampled': ['信息采集与体检', 'Sampled'],
  'person.moved': ['区内流转与定位', 'Moved'],
  'person.checked': ['看管巡查与保障', 'Checked'],
  'person.interviewed': ['讯问询问', 'Interviewed'],
  'person.rights_given': ['权利告知与家属通知', 'Rights given'],
  'person.released': ['离区与移送', 'Released'],
  'property.seized': ['扣押提取', 'Seized'],
  'property.stored': ['入库移交', 'Stored'],
  'property.moved': ['调用出入库盘点', 'Moved or counted'],
  'property.disposed': ['处置返还', 'Disposed of'],
  'case.accepted': ['受案立案审查', 'Case accepted'],
  'case.measured': ['强制措施与期限', 'Measure'],
  'case.documented': ['文书与审核审批', 'Document'],
  'case.decided': ['处理决定与快办', 'Decided'],
  'case.transferred': ['移送结案复议诉讼', 'Transferred'],
  'room.status_changed': ['房间与值守状态', 'Room status'],
  'recording.status_changed': ['录音录像与设备状态', 'Recording status'],
  'dossier.compiled': ['组卷与完整性检查', 'Dossier compiled'],
  'dossier.moved': ['卷宗存取移交归档', 'Dossier moved'],
};

export function factName(lang: Lang, type: string): string {
  return FACTS[type]?.[lang === 'zh' ? 0 : 1] ?? type;
}

/** Where a row of a story has a gap, or says two things at once. */
const SEAMS: Record<string, readonly [zh: string, en: string]> = {
  out: ['临时出所', 'Out of the area'],
  unchecked: ['巡查超期', 'Check overdue'],
  unrecorded: ['录音录像中断，室内有人', 'Not recorded while someone was inside'],
  two_rooms: ['同时在两个房间', 'In two rooms at once'],
  two_interviews: ['同时两场讯询问', 'In two interviews at once'],
};

export function seamWord(lang: Lang, kind: string): string {
  return SEAMS[kind]?.[lang === 'zh' ? 0 : 1] ?? kind;
}

/** The steps of a stay, of custody and of a dossier's life, and what rooms are for. */
const ENTRIES: Record<string, readonly [zh: string, en: string]> = {
  admission: ['入区', 'Admitted'],
  search: ['安检', 'Searched'],
  medical: ['采集体检', 'Sampled'],
  room: ['在室', 'In room'],
  interview: ['讯询问', 'Interview'],
  check: ['巡查', 'Check'],
  rights: ['权利告知', 'Rights'],
  release: ['离区', 'Released'],
  waiting: ['等候', 'waiting'],
  outside: ['区外', 'outside'],
  question: ['询问', 'questioning'],
  interrogation: ['讯问', 'interrogation'],
  sampling: ['采集室', 'sampling'],
  other: ['其他', 'other'],
  seized: ['扣押', 'Seized'],
  stored: ['入库', 'Stored'],
  lent: ['调用', 'Lent'],
  returned: ['归还', 'Returned'],
  disposed: ['处置', 'Disposed of'],
  counted: ['盘点', 'Counted'],
  gap: ['未入库', 'Not in custody'],
  not_in_custody: ['无人保管', 'nobody answers for it'],
  mismatch: ['盘点不符', 'count differs'],
  match: ['相符', 'count agrees'],
  incomplete: ['缺材料', 'Papers missing'],
  compiled: ['已组卷', 'Compiled'],
  transferred: ['移交', 'Transferred'],
  archived: ['归档', 'Archived'],
};

export function entryWord(lang: Lang, kind: string): string {
  return ENTRIES[kind]?.[lang === 'zh' ? 0 : 1] ?? kind;
}
