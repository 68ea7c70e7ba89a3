#include "addon/member.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/launch.h"
#include "addon/process.h"
#include "addon/values.h"
#include "base/clock.h"
#include "launch/member.h"

namespace orlop::addon {
namespace {

using launch::Member;
using launch::MemberResult;
using Handle = std::shared_ptr<Member>;

// Marks our objects, so that a foreign one is refused and not taken for a pointer.
constexpr napi_type_tag kMemberTag = {0x6f726c6f702d6d65, 0x6d62657200000001};

// An object that nobody has any more has a member that nobody will ask.
void drop_handle(napi_env, void* data, void*) {
  const std::unique_ptr<Handle> handle(static_cast<Handle*>(data));
  (*handle)->close();
}

// Null with a pending TypeError when `value` is not one of ours.
Handle member_of(const Napi::CallbackInfo& info) {
  void* data = nullptr;
  if (info[0].IsObject() && info[0].As<Napi::Object>().CheckTypeTag(&kMemberTag)) {
    napi_unwrap(info.Env(), info[0], &data);
  }
  if (data != nullptr) return *static_cast<Handle*>(data);
  Napi::TypeError::New(info.Env(), "not a member of this addon").ThrowAsJavaScriptException();
  return nullptr;
}

Napi::Value refuse(Napi::Env env, const std::string& message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value throw_failure(Napi::Env env, const Failure& failure) {
  system_error(env, failure).ThrowAsJavaScriptException();
  return env.Undefined();
}

uint32_t features_of(const Napi::Value& value) { return static_cast<uint32_t>(as_number(value).value_or(0)); }

Napi::Value open_member(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::vector<uint8_t> plan;
  if (const std::string wrong = read_plan(info[0], plan); !wrong.empty()) return refuse(env, wrong);
  Handle member;
  if (const Failure failure = Member::create(member)) return throw_failure(env, failure);
  member->prepare({.plan = std::move(plan), .features = features_of(info[1]), .supplied = {}});
  Napi::Object object = Napi::Object::New(env);
  object.TypeTag(&kMemberTag);
  auto handle = std::make_unique<Handle>(member);
  if (napi_wrap(env, object, handle.get(), drop_handle, nullptr, nullptr) == napi_ok) (void)handle.release();
  Napi::Object result = Napi::Object::New(env);
  result.Set("member", object);
  result.Set("descriptor", Napi::Number::New(env, member->other_end()));
  return result;
}

Napi::Object answer_object(Napi::Env env, const MemberResult& result) {
  Napi::Object object = Napi::Object::New(env);
  const bool refused = result.outcome == MemberResult::Outcome::kRefused;
  object.Set("failure", refused ? Napi::Value(failure_object(env, result.report)) : env.Null());
  object.Set("gone", Napi::Boolean::New(env, result.outcome == MemberResult::Outcome::kGone));
  object.Set("times", times_object(env, {result.called, result.sent, result.entered, result.finished}, result.times));
  return object;
}

// What settles a promise with the result of an order. It keeps the event loop alive until then.
Member::Done answering(Napi::Env env, const Deferred& deferred) {
  const auto environment = Environment::of(env);
  environment->hold(env);
  return [environment, deferred](const MemberResult& result) {
    environment->post([environment, deferred, result](Napi::Env env) {
      environment->release(env);
      if (result.outcome == MemberResult::Outcome::kFailed) {
        deferred.reject(system_error(env, result.failure).Value());
      } else {
        deferred.resolve(answer_object(env, result));
      }
    });
  };
}

Napi::Value member_ready(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const Handle member = member_of(info);
  if (member == nullptr) return env.Undefined();
  const std::shared_ptr<launch::Process> process = process_of(env, info[1]);
  if (process == nullptr) return env.Undefined();
  const Deferred deferred(env);
  member->on_ready(answering(env, deferred));
  process->on_exit([member](const Exit&) { member->ended(); });
  return deferred.promise();
}

Napi::Value become_application(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const uint64_t called = monotonic_ns();
  const Handle member = member_of(info);
  if (member == nullptr) return env.Undefined();
  std::vector<uint8_t> plan;
  if (const std::string wrong = read_plan(info[1], plan); !wrong.empty()) return refuse(env, wrong);
  if (!info[2].IsArray()) return refuse(env, "descriptors is an array");
  std::vector<int> descriptors;
  const auto list = info[2].As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const auto fd = as_number(value_at(list, i));
    if (!fd) return refuse(env, "descriptors are numbers");
    descriptors.push_back(static_cast<int>(*fd));
  }
  // The last slot is for the member's mount namespace, which JavaScript does not have.
  const uint32_t supplied = plan::View(plan.data()).header().supplied;
  if (descriptors.size() + (supplied > 0) != supplied) return refuse(env, "one for each supplied slot but the last");
  const Deferred deferred(env);
  member->become({.plan = std::move(plan), .features = features_of(info[3]), .supplied = std::move(descriptors)},
                 answering(env, deferred), called);
  return deferred.promise();
}

// Without a hold on the event loop: a pool that waits does not keep its program from ending.
Napi::Value member_over(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const Handle member = member_of(info);
  if (member == nullptr) return env.Undefined();
  const auto environment = Environment::of(env);
  const Deferred deferred(env);
  member->on_over(
      [environment, deferred] { environment->post([deferred](Napi::Env env) { deferred.resolve(env.Undefined()); }); });
  return deferred.promise();
}

Napi::Value close_member(const Napi::CallbackInfo& info) {
  const Handle member = member_of(info);
  if (member != nullptr) member->close();
  return info.Env().Undefined();
}

}  // namespace

void add_member_functions(Napi::Env env, Napi::Object exports) {
  exports.Set("openMember", Napi::Function::New(env, open_member, "openMember"));
  exports.Set("memberReady", Napi::Function::New(env, member_ready, "memberReady"));
  exports.Set("becomeApplication", Napi::Function::New(env, become_application, "becomeApplication"));
  exports.Set("memberOver", Napi::Function::New(env, member_over, "memberOver"));
  exports.Set("closeMember", Napi::Function::New(env, close_member, "closeMember"));
}

}  // namespace orlop::addon
