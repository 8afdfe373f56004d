/** Every word of the wall's own, in both languages. Names of things come from the vocabulary. */
import type { ShownState } from './freshness';
import type { Lang } from './route';
import type { Trust } from './trust';

const WORDS = {
  title: ['一屏', 'Yiping'],
  cities: ['市', 'cities'],
  counties: ['县', 'counties'],
  stations: ['所', 'stations'],
  dataTime: ['数据时间', 'Data time'],
  newest: ['最新一条', 'Newest fact'],
  ago: ['前', 'ago'],
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
  day: ['近 24 小时', 'Last 24 hours'],
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
  keyElement: ['要素', 'element'],
  keyUp: ['上一级', 'up'],
  keyClose: ['关闭', 'close'],
  keyList: ['清单', 'list'],
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
  unreachable: ['连接不上服务，将自动重试', 'The server cannot be reached; trying again'],
  stopped: ['服务拒绝了连接', 'The server refused the connection'],
  map: ['地图', 'Map'],
  place: ['位置', 'Place'],
} as const satisfies Record<string, readonly [zh: string, en: string]>;

export type Word = keyof typeof WORDS;

export function word(lang: Lang, name: Word): string {
  return WORDS[name][lang === 'zh' ? 0 : 1];
}

const TRUST: Record<Trust, readonly [zh: string, en: string]> = {
  connecting: ['连接中', 'CONNECTING'],
  live: ['实时', 'LIVE'],
  reconnecting: ['重连中', 'RECONNECTING'],
  stale: ['已过期', 'STALE'],
  stopped: ['已停止', 'STOPPED'],
};

export function trustWord(lang: Lang, trust: Trust): string {
  return TRUST[trust][lang === 'zh' ? 0 : 1];
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
