// An addon for Node that says how long a program's event loop was kept from turning. It looks once in each turn, before
// the loop waits for events, and costs a look at the clock: it runs no JavaScript and keeps no loop awake.
#include <node_api.h>
#include <uv.h>

// Nanoseconds. What is measured: one stretch at a time, for the loop of this program's main thread.
static struct {
  uv_loop_t* loop;
  uv_prepare_t prepare;
  uint64_t since;    // end of the last turn, or the beginning of the measurement
  uint64_t idle;     // what the loop had waited for events until then
  uint64_t longest;  // turn
  uint64_t busy;     // all turns
  uint32_t turns;
} state;

// From one look to the next, without the time that the loop waited for events: no event was handled meanwhile but those
// that were there together, at its beginning.
static void end_turn(void) {
  const uint64_t now = uv_hrtime(), idle = uv_metrics_idle_time(state.loop);
  const uint64_t active = (now - state.since) - (idle - state.idle);
  if (active > state.longest) state.longest = active;
  state.busy += active;
  state.turns++;
  state.since = now;
  state.idle = idle;
}

static void before_poll(uv_prepare_t* prepare) {
  (void)prepare;
  end_turn();
}

static napi_value begin(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  state.longest = state.busy = state.turns = 0;
  state.idle = uv_metrics_idle_time(state.loop);
  state.since = uv_hrtime();
  return NULL;
}

static void set(napi_env env, napi_value object, const char* name, double number) {
  napi_value value;
  napi_create_double(env, number, &value);
  napi_set_named_property(env, object, name, value);
}

// { longest, busy: milliseconds, turns }; the turn that this is called in counts until here.
static napi_value end(napi_env env, napi_callback_info info) {
  (void)info;
  end_turn();
  napi_value result;
  napi_create_object(env, &result);
  set(env, result, "longest", state.longest / 1e6);
  set(env, result, "busy", state.busy / 1e6);
  set(env, result, "turns", state.turns);
  return result;
}

static void add(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function);
  napi_set_named_property(env, exports, name, function);
}

NAPI_MODULE_INIT() {
  if (napi_get_uv_event_loop(env, &state.loop) != napi_ok) return NULL;
  // Refused where it is on already: Node measures it for perf_hooks.
  (void)uv_loop_configure(state.loop, UV_METRICS_IDLE_TIME);
  uv_prepare_init(state.loop, &state.prepare);
  uv_prepare_start(&state.prepare, before_poll);
  uv_unref((uv_handle_t*)&state.prepare);
  add(env, exports, "begin", begin);
  add(env, exports, "end", end);
  return exports;
}
